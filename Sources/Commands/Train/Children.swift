import Foundation
import Glibc
import RunLog
import Threading

/// The workers and the store that a supervisor has started for one coordinator. On the supervisor's thread.
final class Children {
    private let directory: RunDirectory
    private let coordinator: ChildProcess
    private let restarts: Int
    private let peerArguments: [String]
    private var store: ChildProcess?
    private var workers: [Int: Worker] = [:]
    private var evictions: EvictionTail

    private struct Worker {
        var process: ChildProcess
        var started: Double
        /// Bytes of the run's metrics when it was started.
        var metrics: Int
        /// Ends in a row without a step in between.
        var inARow = 0
        /// When it is started again.
        var due: Double?
    }

    init(directory: RunDirectory, coordinator: ChildProcess, restarts: Int, peerArguments: [String]) {
        self.peerArguments = peerArguments
        (self.directory, self.coordinator, self.restarts) = (directory, coordinator, restarts)
        evictions = EvictionTail(directory.eventsPath)
    }

    func start(_ role: String, _ rank: Int, _ address: String) throws {
        let process = try ChildProcess(
            name: "\(role) \(rank)", arguments: [role, "--coordinator", address] + peerArguments,
            logPath: directory.logPath(role: role, rank: rank))
        if role == "store" {
            store = process
        } else {
            workers[rank] = Worker(
                process: process, started: MonotonicClock.now, metrics: metricsSize, inARow: workers[rank]?.inARow ?? 0)
        }
    }

    /// Grows with every step that is committed.
    private var metricsSize: Int {
        var status = stat()
        return stat(directory.metricsPath, &status) == 0 ? status.st_size : 0
    }

    /// Ends what is still there. Those that were part of the run have heard that it is over.
    func end() {
        for worker in workers.values {
            worker.process.end(within: 10, by: MonotonicClock.now - worker.started < 2 ? SIGTERM : nil)
        }
        store?.end(within: 10)
    }

    /// Waits for the coordinator and starts workers again that end before it does.
    /// - Returns: why the coordinator was ended, where it did not answer any more.
    func watch(_ address: String) throws -> String? {
        while coordinator.exitCode == nil {
            for process in evictions.new() { evict(process) }
            if let hung = hungCoordinator() {
                coordinator.send(SIGKILL)
                coordinator.end(within: 10)
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
        guard let code = worker.process.exitCode, code != 0 else { return }
        var worker = worker
        worker.inARow = metricsSize > worker.metrics ? 1 : worker.inARow + 1
        guard worker.inARow <= max(restarts, 0) else {
            // Where the coordinator knows why, it ends by itself and says so.
            coordinator.end(within: 3, by: SIGTERM)
            guard coordinator.exitCode == 0 || (coordinator.exitCode ?? 0) >= 128 else { return }
            throw CommandFailure(
                CommandFailure.temporary,
                "\(worker.process.name) ended \(worker.inARow) \(worker.inARow == 1 ? "time" : "times in a row"): "
                    + "\(worker.process.lastWords ?? "exit code \(code)"); its log is \(worker.process.logPath ?? "-")")
        }
        // One that ended by itself may have heard the end of the run before the coordinator has ended.
        let pause = worker.inARow > 1 ? Backoff.seconds(worker.inARow - 1) : code >= 128 ? 0 : 0.3
        worker.due = MonotonicClock.now + pause
        workers[rank] = worker
    }

    /// The coordinator has taken a process for hung, which may be stopped and not hear of it.
    private func evict(_ process: Int) {
        for child in workers.values.map(\.process) + [store].compactMap({ $0 }) where Int(child.process) == process {
            // One that can end by itself does, and says why in its log.
            child.end(within: 0.5)
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

/// Reads from a run's events which processes the coordinator wants to be ended.
struct EvictionTail {
    private let path: String
    private var offset: UInt64
    private var rest = Data()

    /// Begins at the end of what is there.
    init(_ path: String) {
        self.path = path
        offset = Self.size(path)
    }

    private static func size(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_size) : 0
    }

    /// Process identifiers since the last call.
    mutating func new() -> [Int] {
        struct Event: Decodable { let kind: String; let process: String? }
        guard Self.size(path) > offset, let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        try? file.seek(toOffset: offset)
        guard let data = try? file.readToEnd() else { return [] }
        offset += UInt64(data.count)
        rest += data
        var found: [Int] = []
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[rest.startIndex..<end]
            rest = rest[rest.index(after: end)...]
            guard let event = try? JSONDecoder().decode(Event.self, from: Data(line)), event.kind == "evicted" else { continue }
            if let process = event.process.flatMap({ Int($0) }) { found.append(process) }
        }
        rest = Data(rest)
        return found
    }
}
