import Coordinator
import Dashboard
import Foundation
import Glibc
import Platform
import RunLog
import Security

/// The coordinator's figures for Prometheus, on a port of their own.
final class MetricsServer: Sendable {
    private struct State {
        var status: RunStatus?
        var step: StepMetrics?
        var validation: ValidationMetrics?
        var checkpoints = 0
        var failures = 0
    }

    private let state = Monitor(State())
    private let run: String
    private let steps: Int

    init(run: String, steps: Int) { (self.run, self.steps) = (run, steps) }

    /// Serves beside the run. Returns when connections are taken.
    /// - Throws: where the port cannot be had.
    func start(on address: SocketAddress, token: String?) throws {
        let outcome = Monitor<Result<Int, any Error>?>(nil)
        Task.detached { [self] in
            do {
                try await MetricsEndpoint.run(
                    host: address.host, port: Int(address.port), token: token,
                    listening: { port in outcome.update { $0 = .success(port) } }, text: { self.text })
            } catch { outcome.update { if $0 == nil { $0 = .failure(error) } } }
        }
        let port = try outcome.wait { $0 }!.get()
        Terminal.line("metrics for Prometheus at http://\(address.host):\(port)/metrics")
    }

    func take(_ status: RunStatus) { state.update { $0.status = status } }

    func take(_ entry: JournalEntry) {
        state.update { state in
            switch entry {
            case .step(let step): state.step = step
            case .validated(let validation): state.validation = validation
            case .checkpoint: state.checkpoints += 1
            case .failure: state.failures += 1
            default: break
            }
        }
    }

    private var text: String {
        state.read { state in
            let empty = RunStatus(time: "", step: 0, attempt: 0, imagesPerSecond: nil, processes: [])
            return PrometheusText.text(
                run: run, steps: steps, status: state.status ?? empty, step: state.step, validation: state.validation,
                checkpoints: state.checkpoints, losses: state.failures)
        }
    }
}
