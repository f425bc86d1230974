import Platform
package import Settings
import Transport

/// Starts the processes of a run and sees to it that none is left when it ends. What it does is decided by `SupervisorState`; the supervisor
/// feeds it events and carries out its effects. Nothing that it does on its own thread waits for another process or host.
package final class Supervisor: Sendable {
    private let target: any LaunchTarget
    private let request: RunRequest
    private let reporter: any Reporter
    private let mailbox = Monitor<[Arrival]>([])

    private struct Arrival: Sendable {
        let event: SupervisorEvent
        /// The number of the coordinator that a message is from.
        var coordinator: Int?
    }

    /// - Parameter request: the coordinator's, at first.
    package init(_ target: any LaunchTarget, _ request: RunRequest, reporter: any Reporter) {
        (self.target, self.request, self.reporter) = (target, request, reporter)
    }

    /// The first interrupt ends the run with a checkpoint, the second at once. From any thread.
    package func interrupt() { post(.interrupt) }

    private func post(_ event: SupervisorEvent, from coordinator: Int? = nil) {
        mailbox.update { $0.append(Arrival(event: event, coordinator: coordinator)) }
    }

    /// Runs to the end, from the last checkpoint after each loss of a coordinator or store.
    /// - Returns: the last coordinator.
    /// - Throws: `CommandFailure` if the run cannot begin, because of a process that would fail again in the same way.
    package func run() throws -> any RoleProcess {
        var state = SupervisorState(
            .init(
                workers: target.workerHosts, stores: target.storeHosts, restarts: request.restarts,
                // Workers give a coordinator up after as long.
                silence: max(10, 2 * request.patience)))
        var processes = Processes()
        target.watchHosts { [self] in post(.host($0)) }
        defer { target.stopWatching() }
        post(.begin)
        while true {
            var arrivals: [Arrival] =
                mailbox.wait(timeout: 0.01) { waiting in
                    guard !waiting.isEmpty else { return nil }
                    defer { waiting = [] }
                    return waiting
                } ?? []
            arrivals += processes.takeEnds().map { Arrival(event: $0) }
            arrivals.append(Arrival(event: .tick(hostSilence: target.coordinatorHostSilence)))
            for arrival in arrivals {
                guard let event = processes.resolved(arrival.event, from: arrival.coordinator) else { continue }
                for effect in state.handle(event, at: MonotonicClock.now) {
                    guard let outcome = try carryOut(effect, &processes) else { continue }
                    return try conclude(outcome, processes)
                }
            }
        }
    }

    private func conclude(_ outcome: SupervisorOutcome, _ processes: Processes) throws -> any RoleProcess {
        if case .failed(let code, let sentence) = outcome { throw CommandFailure(code, sentence) }
        guard let coordinator = processes.coordinator else {
            throw CommandFailure(CommandFailure.software, "the run ended before its coordinator was started")
        }
        return coordinator
    }

    // MARK: Effects

    /// - Returns: how the run ended, if it did.
    private func carryOut(_ effect: SupervisorEffect, _ processes: inout Processes) throws -> SupervisorOutcome? {
        switch effect {
        case .askProgress:
            // Another host may take its time to answer.
            _ = ServiceThread(name: "progress") { [self] in post(.progress(target.progress)) }
        case .startCoordinator(let reason, let resumes, let address):
            if reason != nil { FaultInjection.clear() }
            let number = processes.nextCoordinator()
            let reports = CoordinatorReports { [self] in post(.told($0), from: number) }
            processes.coordinator = try target.startCoordinator(request(reason, resumes: resumes, at: address), reports: reports)
        case .start(let name, let address):
            do { processes.children[name] = try target.start(name.role.rawValue, name.rank, coordinator: address) } catch {
                // Such as a limit on processes: it may be higher the next time.
                let words = CommandFailure(error)?.description ?? "\(error)"
                post(.ended(name, ProcessEnd(name: "\(name.role) \(name.rank)", code: CommandFailure.system, words: words)))
            }
        case .signalCoordinator(let signal): processes.coordinator?.send(signal)
        case .signal(let name, let signal): processes.children[name]?.send(signal)
        case .willStartAgain(let name, let code): if let process = processes.ended[name] { target.willStartAgain(process, after: code) }
        case .say(let sentence): reporter.line(sentence)
        case .complain(let sentence): reporter.error(sentence)
        case .finish(let outcome): return outcome
        }
        return nil
    }

    private func request(_ reason: String?, resumes: Bool, at address: String?) -> RunRequest {
        guard let reason else { return request }
        var request = resumes ? request.resuming(target.directory, because: reason) : request
        request.restartReason = reason
        (request.takesOver, request.formerAddress) = (true, address)
        return request
    }
}

extension Supervisor {
    /// The processes that a supervisor has started, by their names.
    private struct Processes {
        /// The coordinator that was started last.
        var coordinator: (any RoleProcess)?
        var children: [ChildName: any RoleProcess] = [:]
        /// The processes that have ended, until their successors do.
        private(set) var ended: [ChildName: any RoleProcess] = [:]
        private var number = 0
        private var hasEnded = false

        mutating func nextCoordinator() -> Int {
            number += 1
            hasEnded = false
            return number
        }

        /// The processes that have ended since the last call.
        mutating func takeEnds() -> [SupervisorEvent] {
            var events: [SupervisorEvent] = []
            for (name, process) in children {
                guard let code = process.exitCode else { continue }
                children[name] = nil
                ended[name] = process
                events.append(.ended(name, ProcessEnd(process, code)))
            }
            if let coordinator, !hasEnded, let code = coordinator.exitCode {
                hasEnded = true
                events.append(.coordinatorEnded(ProcessEnd(coordinator, code)))
            }
            return events
        }

        /// - Returns: the event as the state knows it; nil if it is about a process that is gone.
        func resolved(_ event: SupervisorEvent, from coordinator: Int?) -> SupervisorEvent? {
            guard case .told(let message) = event else { return event }
            guard coordinator == number else { return nil }
            guard case .evicted(let eviction) = message else { return event }
            return children.first { $0.value.isMeant(by: eviction) }.map { .evicted($0.key) }
        }
    }
}

extension ProcessEnd {
    init(_ process: any RoleProcess, _ code: Int32) {
        self.init(name: process.name, code: code, words: process.lastWords, logPath: process.logPath, outOfReach: process.outOfReach)
    }
}
