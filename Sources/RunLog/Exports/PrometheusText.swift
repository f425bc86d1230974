/// Formats a run's state in the Prometheus text format, version 0.0.4.
public enum PrometheusText {
    /// - Parameters:
    ///   - run: The name of the run, which becomes a label of every sample.
    ///   - step: The metrics of the last step; nil before the first.
    ///   - validation: The metrics of the last validation; nil before the first.
    ///   - losses: The number of processes that have failed since the coordinator started.
    public static func text(
        run: String, steps: Int, status: RunStatus, step: StepMetrics?, validation: ValidationMetrics?, checkpoints: Int, losses: Int
    ) -> String {
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP colonnade_\(name) \(help)\n# TYPE colonnade_\(name) \(type)\n"
            for sample in samples {
                let labels = ([("run", run)] + sample.labels).map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
                text += "colonnade_\(name){\(labels)} \(number(sample.value))\n"
            }
        }
        func single(_ value: Double?) -> [(labels: [(String, String)], value: Double)] { value.map { [([], $0)] } ?? [] }
        family("step", "gauge", "Last committed training step.", single(Double(status.step)))
        family("steps_planned", "gauge", "Step at which the run ends.", single(Double(steps)))
        family(
            "attempt", "gauge", "Raised whenever a failure took the run back to its last committed step.", single(Double(status.attempt)))
        family("training_loss", "gauge", "Loss of the last step.", single(step?.loss))
        family("learning_rate", "gauge", "Learning rate of the last step.", single(step?.learning_rate))
        family("images_per_second", "gauge", "Images trained per second, over the last steps.", single(status.images_per_second))
        family("validation_loss", "gauge", "Loss of the last validation.", single(validation?.loss))
        family(
            "validation_error_ratio", "gauge", "Error of the last validation.",
            validation.map { [([("top", "1")], $0.top1_error), ([("top", "5")], $0.top5_error)] } ?? [])
        family("checkpoints_total", "counter", "Checkpoints written since the coordinator started.", single(Double(checkpoints)))
        family("losses_total", "counter", "Processes that failed since the coordinator started.", single(Double(losses)))
        func processes(_ value: (RunStatus.Process) -> Double?) -> [(labels: [(String, String)], value: Double)] {
            status.processes.compactMap { process in
                value(process).map { ([("role", process.role), ("rank", "\(process.rank)"), ("host", process.host)], $0) }
            }
        }
        family("process_step", "gauge", "Step that a process is in.", processes { Double($0.step) })
        family("process_silent_seconds", "gauge", "Seconds since the last message of a process.", processes { $0.silent_seconds })
        family("process_memory_bytes", "gauge", "Bytes that a process has allocated.", processes { $0.bytes.map(Double.init) })
        family(
            "process_clock_offset_seconds", "gauge", "Seconds that the coordinator's clock is ahead of a process's.",
            processes { $0.clock?.offset })
        let parts: [(String, KeyPath<RunStatus.Share, Double>)] = [
            ("computing", \.computing), ("exchanging", \.exchanging), ("waiting", \.waiting), ("loading", \.loading),
        ]
        family(
            "worker_time_ratio", "gauge", "Share of a worker's last steps spent computing, exchanging, waiting for the store, loading.",
            status.processes.flatMap { process in
                process.share.map { share in
                    parts.map { ([("rank", "\(process.rank)"), ("host", process.host), ("state", $0.0)], share[keyPath: $0.1]) }
                } ?? []
            })
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value > 0 ? "+Inf" : "-Inf") : "\(value)"
    }
}
