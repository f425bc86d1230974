package import Prediction

/// A run as a user asked for it: the options of `train`, `launch` and `coordinator` as plain data. A supervisor gives it to the coordinator
/// that it starts, so that no command line is built from another.
package struct RunRequest: Codable, Sendable {
    /// The place of the parameter store: in the coordinator's process and in a worker's on other hosts, or in processes of its own.
    package enum StorePlacement: String, Codable, Sendable { case embedded, process }

    package var configuration: ConfigurationRequest
    package var data: String?
    package var workers: Int?
    package var replicas: Int?
    package var steps: Int?
    package var epochs: Int?
    /// The directory of runs.
    package var runs: String
    package var name: String?
    package var resume: String?
    package var resumeIfBegun: Bool
    /// A checkpoint whose values the run starts from.
    package var initialize: String?
    package var store: StorePlacement
    package var stores: Int
    package var traceEvery: Int
    package var normsEvery: Int
    package var metricsListen: String?
    package var metricsTokenFile: String?
    package var elastic: Bool
    /// Seconds, as all times here.
    package var elasticInterval: Double
    package var joinTimeout: Double
    package var restarts: Int
    package var patience: Double
    /// Bytes a second between hosts.
    package var bandwidth: Double?
    package var latency: Double?
    package var device: SimulatedDevice?
    package var stoppedExitCode: Int32
    package var security: SecurityRequest

    // Set by a supervisor.
    /// The address at which the coordinator listens.
    package var listen = "127.0.0.1:0"
    /// Whether it may listen beyond this machine without encryption.
    package var isInsecure = false
    /// The run's directory, which has been made already.
    package var directory: String?
    /// The reason for which the run ended before it was restarted.
    package var restartReason: String?
    /// Whether the coordinator before is gone without an end, so that stores may still have the last committed step.
    package var takesOver = false
    /// Where the coordinator before listened: workers and stores look for its successor there.
    package var formerAddress: String?

    package init(
        configuration: ConfigurationRequest, data: String?, workers: Int?, replicas: Int?, steps: Int?, epochs: Int?, runs: String,
        name: String?, resume: String?, resumeIfBegun: Bool, initialize: String?, store: StorePlacement, stores: Int,
        traceEvery: Int, normsEvery: Int, metricsListen: String?, metricsTokenFile: String?, elastic: Bool, elasticInterval: Double,
        joinTimeout: Double, restarts: Int, patience: Double, bandwidth: Double?, latency: Double?, device: SimulatedDevice?,
        stoppedExitCode: Int32, security: SecurityRequest
    ) {
        (self.configuration, self.data, self.workers, self.replicas) = (configuration, data, workers, replicas)
        (self.steps, self.epochs, self.runs, self.name) = (steps, epochs, runs, name)
        (self.resume, self.resumeIfBegun, self.initialize, self.store) = (resume, resumeIfBegun, initialize, store)
        (self.stores, self.traceEvery, self.normsEvery, self.metricsListen) = (stores, traceEvery, normsEvery, metricsListen)
        (self.metricsTokenFile, self.elastic) = (metricsTokenFile, elastic)
        (self.elasticInterval, self.joinTimeout) = (elasticInterval, joinTimeout)
        (self.restarts, self.patience, self.bandwidth, self.latency) = (restarts, patience, bandwidth, latency)
        (self.device, self.stoppedExitCode, self.security) = (device, stoppedExitCode, security)
    }

    /// The request of a coordinator that takes up a run again: the run's record and checkpoint have the rest.
    package func resuming(_ directory: String, because reason: String) -> RunRequest {
        var request = self
        (request.resume, request.restartReason) = (directory, reason)
        request.configuration = ConfigurationRequest()
        (request.data, request.steps, request.epochs, request.initialize, request.name) = (nil, nil, nil, nil, nil)
        (request.resumeIfBegun, request.device) = (false, nil)
        // A descriptor is read once.
        request.security.tokenDescriptor = nil
        return request
    }
}
