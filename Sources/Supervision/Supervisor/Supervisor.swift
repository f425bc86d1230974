import Glibc
import Platform
package import Settings
import Transport

/// Starts the roles of a run and sees to it that none is left when it ends. A worker that is lost is started again by
/// itself, and takes its place in the run; a coordinator or store that is lost takes the run back to its last checkpoint.
package final class Supervisor: @unchecked Sendable {
    private let place: any LaunchTarget
    private let workers: Int
    private let stores: Int
    private let restarts: Int
    private let reporter: any Reporter
    private let coordinator = Monitor<(any RoleProcess)?>(nil)
    private let interrupts = Monitor(0)

    /// - Parameters:
    ///   - stores: store processes of their own.
    ///   - restarts: how often in a row the run is started again without a checkpoint between, and a worker that does not
    ///     live long.
    package init(place: any LaunchTarget, workers: Int, stores: Int, restarts: Int, reporter: any Reporter) {
        (self.place, self.workers, self.stores, self.restarts) = (place, workers, stores, restarts)
        self.reporter = reporter
    }

    /// The first interrupt ends the run with a checkpoint, the second at once.
    package func interrupt() {
        let count = interrupts.update { count in
            count += 1
            return count
        }
        coordinator.read { $0 }?.send(count == 1 ? SIGTERM : SIGKILL)
    }

    /// Runs to the end, from the last checkpoint after each loss of a coordinator or store.
    /// - Parameters:
    ///   - request: the coordinator's, at first.
    /// - Returns: the last coordinator.
    package func run(_ request: RunRequest) throws -> any RoleProcess {
        var (inARow, reached, current) = (0, place.progress.checkpoint, request)
        while true {
            let ending = try attempt(current)
            guard let loss = ending.loss, interrupts.read({ $0 == 0 }) else { return ending.coordinator }
            let progress = place.progress
            inARow = progress.checkpoint == reached ? inARow + 1 : 1
            reached = progress.checkpoint
            guard inARow <= restarts else {
                if restarts > 0 { reporter.error("\(loss) \(inARow) times in a row: the run is not started again") }
                return ending.coordinator
            }
            // At once after the first loss; a cause that stays gets more and more time to go away.
            if inARow > 1 { pause(Backoff.seconds(inARow)) }
            guard interrupts.read({ $0 == 0 }) else { return ending.coordinator }
            FaultInjection.clear()
            current = request
            current.restartReason = loss
            if progress.canResume { current = request.resuming(place.directory, because: loss) }
        }
    }

    private func pause(_ seconds: Double) { _ = interrupts.wait(timeout: seconds) { $0 > 0 ? true : nil } }

    /// How an attempt ended.
    private struct Ending {
        let coordinator: any RoleProcess
        /// What was lost, if the run can continue.
        let loss: String?
    }

    private func attempt(_ request: RunRequest) throws -> Ending {
        let (coordinator, reports) = try place.startCoordinator(request)
        self.coordinator.update { $0 = coordinator }
        // The interrupt came while no process could receive it.
        if interrupts.read({ $0 > 0 }) { coordinator.send(SIGTERM) }
        let children = Children(place: place, coordinator: coordinator, reports: reports, restarts: restarts)
        defer {
            coordinator.end(within: 60, by: nil)
            // They leave when the coordinator says so, or is gone.
            children.end()
        }
        var hung: String?
        if let address = waitForAddress(coordinator, reports) {
            for rank in 0..<stores { try children.start("store", rank, address) }
            for rank in 0..<workers { try children.start("worker", rank, address) }
            hung = try children.watch(address)
        }
        let code = coordinator.exitCode ?? CommandFailure.software
        if let hung { return Ending(coordinator: coordinator, loss: hung) }
        if coordinator.outOfReach != nil { return Ending(coordinator: coordinator, loss: nil) }
        if code >= 128 { return Ending(coordinator: coordinator, loss: "the coordinator was ended by signal \(code - 128)") }
        guard code == CommandFailure.unavailable else { return Ending(coordinator: coordinator, loss: nil) }
        return Ending(coordinator: coordinator, loss: reports.reason ?? "a process was lost")
    }

    private func waitForAddress(_ coordinator: any RoleProcess, _ reports: CoordinatorReports) -> String? {
        while coordinator.exitCode == nil {
            if let address = reports.address { return address }
            usleep(5_000)
        }
        return nil
    }
}
