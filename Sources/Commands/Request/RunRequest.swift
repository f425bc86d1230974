import ArgumentParser
import Coordinator
import Foundation
import Prediction
import Platform
import Protocol
import Security
import Transport

/// A run as a user asked for it: the options of `train`, `launch` and `coordinator` as plain data. A supervisor gives it to the coordinator
/// that it starts, so that no command line is built from another.
package struct RunRequest: Codable, Sendable {
    var configuration: ConfigurationRequest
    var data: String?
    var workers: Int?
    var replicas: Int?
    var steps: Int?
    var epochs: Int?
    /// The directory of runs.
    var runs: String
    var name: String?
    var resume: String?
    var resumeIfBegun: Bool
    /// A checkpoint whose values the run starts from.
    var initialize: String?
    var store: RunOptions.StorePlacement
    var stores: Int
    var traceEvery: Int
    var normsEvery: Int
    var metricsListen: String?
    var metricsTokenFile: String?
    var elastic: Bool
    /// Seconds, as all times here.
    var elasticInterval: Double
    var joinTimeout: Double
    var restarts: Int
    var patience: Double
    /// Bytes a second between hosts.
    var bandwidth: Double?
    var latency: Double?
    var device: SimulatedDevice?
    var stoppedExitCode: Int32
    var security: SecurityRequest

    // Set by a supervisor.
    /// Where the coordinator listens.
    var listen = "127.0.0.1:0"
    /// Whether it may listen beyond this machine without encryption.
    var isInsecure = false
    /// The run's directory, which has been made already.
    var directory: String?
    /// What ended the run before it was restarted.
    var restartReason: String?

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

    /// Reads the options of `train`.
    package static func parse(_ options: [String]) throws -> RunRequest { try RunOptions.parse(options).request }
}
