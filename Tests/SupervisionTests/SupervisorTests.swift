import Platform
import Security
import Settings
import Supervision
import TestSupport
import Testing

/// The supervisor's thread, with processes that only say that they run.
@Suite struct SupervisorTests {
    private final class FakeProcess: RoleProcess {
        let name: String
        let lastWords: String? = nil
        let logPath: String? = nil
        let outOfReach: String? = nil
        private let code = Monitor<Int32?>(nil)

        init(_ name: String) { self.name = name }

        var exitCode: Int32? { code.read { $0 } }
        func isMeant(by eviction: Eviction) -> Bool { false }
        func send(_ signal: Int32) { end(128 + signal) }
        func end(_ exitCode: Int32) { code.update { if $0 == nil { $0 = exitCode } } }
    }

    private final class FakeTarget: LaunchTarget {
        struct State {
            var processes: [FakeProcess] = []
            /// Whether the run's directory answers.
            var answers = true
        }

        let state = Monitor(State())
        let directory = "/nowhere"
        let workerHosts = ["a", "b"]
        let storeHosts: [String] = []
        let coordinatorHostSilence = 0.0

        var progress: RunProgress {
            _ = state.wait { $0.answers ? true : nil }
            return RunProgress()
        }

        func startCoordinator(_ request: RunRequest, reports: CoordinatorReports) throws -> any RoleProcess {
            let process = start("coordinator")
            reports.receive(.listening("a:1"))
            reports.receive(.training)
            return process
        }

        func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess { start("\(role) \(rank)") }

        private func start(_ name: String) -> FakeProcess {
            let process = FakeProcess(name)
            state.update { $0.processes.append(process) }
            return process
        }

        func willStartAgain(_ process: any RoleProcess, after code: Int32) {}
        func watchHosts(_ report: @escaping @Sendable (HostEvent) -> Void) {}
        func stopWatching() {}

        /// Waits until so many processes of a name have been started.
        func wait(for name: String, _ count: Int) throws -> FakeProcess {
            try Deadline.value("process \(count) of \(name)") {
                let found = state.read { $0.processes.filter { $0.name == name } }
                return found.count >= count ? found[count - 1] : nil
            }
        }
    }

    private struct Silent: Reporter {
        func line(_ text: String) {}
        func error(_ message: String) {}
    }

    private static var request: RunRequest {
        RunRequest(
            configuration: ConfigurationRequest(), data: nil, workers: 2, replicas: nil, steps: nil, epochs: nil, runs: "runs", name: nil,
            resume: nil, resumeIfBegun: false, initialize: nil, store: .embedded, stores: 1, traceEvery: 0, normsEvery: 0,
            metricsListen: nil, metricsTokenFile: nil, elastic: false, elasticInterval: 10, joinTimeout: 600, restarts: 5, patience: 5,
            bandwidth: nil, latency: nil, device: nil, stoppedExitCode: 0,
            security: SecurityRequest(
                certificates: nil, groupReadableKeys: false, tokenFile: nil, tokenDescriptor: nil, greetingTimeout: 5, maxStrangers: 64,
                maxConnections: 512))
    }

    /// Starts a supervisor on a thread of its own.
    private func supervise(_ target: FakeTarget) -> (supervisor: Supervisor, end: Monitor<Int32?>) {
        let supervisor = Supervisor(target, Self.request, reporter: Silent())
        let end = Monitor<Int32?>(nil)
        _ = ServiceThread(name: "supervisor") {
            let code = (try? supervisor.run())?.exitCode ?? -1
            end.update { $0 = code }
        }
        return (supervisor, end)
    }

    @Test func processesAreStartedAgainAndTheRunEndsWithItsCoordinator() throws {
        let target = FakeTarget()
        let end = supervise(target).end
        try target.wait(for: "worker 1", 1).end(76)
        _ = try target.wait(for: "worker 1", 2)
        let coordinator = try target.wait(for: "coordinator", 1)
        #expect(coordinator.exitCode == nil)
        try target.wait(for: "worker 0", 1).end(0)
        try target.wait(for: "worker 1", 2).end(0)
        coordinator.end(0)
        try Deadline.wait(for: "the supervisor's end") { end.read { $0 } != nil }
        #expect(end.read { $0 } == 0)
        #expect(target.state.read { $0.processes.count { $0.name == "coordinator" } } == 1)
    }

    @Test func aHostThatDoesNotAnswerHoldsUpNoInterrupt() throws {
        let target = FakeTarget()
        let (supervisor, end) = supervise(target)
        _ = try target.wait(for: "worker 1", 1)
        target.state.update { $0.answers = false }
        try target.wait(for: "coordinator", 1).end(139)
        for worker in ["worker 0", "worker 1"] { try target.wait(for: worker, 1).end(69) }
        supervisor.interrupt()
        try Deadline.wait(for: "the supervisor's end") { end.read { $0 } != nil }
        #expect(end.read { $0 } == 139)
        target.state.update { $0.answers = true }
    }
}
