import Glibc
import Platform

/// The workers and stores that a supervisor has started for one coordinator. On the supervisor's thread.
final class Children {
    private let place: any LaunchTarget
    private let coordinator: any RoleProcess
    private let reports: CoordinatorReports
    private let restarts: Int
    private var stores: [any RoleProcess] = []
    private var workers: [Int: Worker] = [:]

    private struct Worker {
        var process: any RoleProcess
        var started: Double
        /// The last committed step when it was started.
        var committed: Int
        /// Ends in a row without a step in between.
        var inARow = 0
        /// When it is started again.
        var due: Double?
    }

    init(place: any LaunchTarget, coordinator: any RoleProcess, reports: CoordinatorReports, restarts: Int) {
        (self.place, self.coordinator, self.reports, self.restarts) = (place, coordinator, reports, restarts)
    }

    func start(_ role: String, _ rank: Int, _ address: String) throws {
        let process = try place.start(role, rank, coordinator: address)
        if role == "store" {
            stores.append(process)
        } else {
            workers[rank] = Worker(
                process: process, started: MonotonicClock.now, committed: reports.committed,
                inARow: workers[rank]?.inARow ?? 0)
        }
    }

    /// Ends what is still there. Those that were part of the run have heard that it is over.
    func end() {
        for worker in workers.values {
            worker.process.end(within: 10, by: MonotonicClock.now - worker.started < 2 ? SIGTERM : nil)
        }
        for store in stores { store.end(within: 10, by: nil) }
    }

    /// Waits for the coordinator and starts workers again that end before it does.
    /// - Returns: why the coordinator was ended, where it did not answer any more.
    func watch(_ address: String) throws -> String? {
        while coordinator.exitCode == nil {
            for eviction in reports.takeEvictions() { evict(eviction) }
            if let hung = hungCoordinator() {
                coordinator.send(SIGKILL)
                coordinator.end(within: 10, by: nil)
                return hung
            }
            // Of a lost store the coordinator hears, if it has joined.
            for (rank, worker) in workers { try look(rank, worker, address) }
            usleep(10_000)
        }
        return nil
    }

    private func look(_ rank: Int, _ worker: Worker, _ address: String) throws {
        if let due = worker.due {
            if MonotonicClock.now >= due { try start("worker", rank, address) }
            return
        }
        // If the coordinator has reported how the run ended, the exit of a process says nothing new.
        guard let code = worker.process.exitCode, code != 0, code != CommandFailure.runFailed else { return }
        var worker = worker
        worker.inARow = reports.committed > worker.committed ? 1 : worker.inARow + 1
        let isFinal = CommandFailure.isFinal(code)
        guard worker.inARow <= max(restarts, 0), !isFinal else {
            // Where the coordinator knows why, it ends by itself and says so.
            coordinator.end(within: 3, by: SIGTERM)
            guard coordinator.exitCode == 0 || (coordinator.exitCode ?? 0) >= 128 else { return }
            let times = isFinal ? "" : worker.inARow == 1 ? " 1 time" : " \(worker.inARow) times in a row"
            let words = worker.process.lastWords.map { ": \($0)" } ?? ""
            throw CommandFailure(
                isFinal ? code : CommandFailure.temporary,
                "\(worker.process.name) ended\(times) with exit code \(code)\(words)"
                    + (worker.process.logPath.map { "; its log is \($0)" } ?? ""))
        }
        // One that ended by itself may have heard the end of the run before the coordinator has ended.
        let pause = worker.inARow > 1 ? Backoff.seconds(worker.inARow - 1) : code >= 128 ? 0 : 0.3
        worker.due = MonotonicClock.now + pause
        workers[rank] = worker
        place.willStartAgain(worker.process, after: code)
    }

    private func evict(_ eviction: Eviction) {
        for child in workers.values.map(\.process) + stores where child.isMeant(by: eviction) {
            // One that can end by itself does, and says why in its log.
            child.end(within: 0.5, by: nil)
        }
    }

    /// What a worker said that found the coordinator silent.
    private func hungCoordinator() -> String? {
        for worker in workers.values where worker.process.exitCode == CommandFailure.noAnswer {
            return worker.process.lastWords ?? "the coordinator did not answer"
        }
        return nil
    }
}
