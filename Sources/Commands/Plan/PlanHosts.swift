import ArgumentParser
import Foundation
import Kernels
import NeuralNetwork
import Platform
import Prediction
import Tensors

/// The options that describe a planned run's hosts, from a file or this machine alone, and its kernels, measured or modelled.
struct PlanHosts: ParsableArguments {
    @Option(
        help: ArgumentHelp("A YAML file with the hosts, as for `colonnade launch` (default: this machine alone).", valueName: "file"),
        completion: .file())
    var hosts: String?

    @Option(help: ArgumentHelp("Bandwidth in each direction, for hosts that state none (default: 10Gbit/s).", valueName: "rate"))
    var bandwidth: Bandwidth?

    @Option(help: ArgumentHelp("Latency from a host to the network, for hosts that state none (default: 25us).", valueName: "time"))
    var latency: Latency?

    @Option(
        help: ArgumentHelp(
            "Use a modelled accelerator instead of measured kernels: its name, or a file with its rates.", valueName: "device"))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "Workers that compute side by side while kernels are measured (default: the most that any host has).", valueName: "workers"))
    var sideBySide: Int?

    /// Returns the hosts of the file, or this machine.
    /// - Parameters:
    ///   - threads: kernel threads per worker.
    ///   - workers: the number of workers that this machine must at least have room for if there is no file.
    func cluster(threads: Int, workers: Int?) throws -> Cluster {
        let (bandwidth, latency) = (bandwidth?.bytesPerSecond ?? Self.bandwidth, latency?.seconds ?? Self.latency)
        let cores = Self.cores
        var cluster = Cluster.thisMachine(workers: max(1, cores / threads, workers ?? 1))
        // A host's accelerators have a link of their own.
        if let device = try deviceModel() { cluster.loopback.bandwidth = device.peerBandwidth }
        guard let hosts else { return cluster }
        return Cluster(
            hosts: try HostsFile(path: hosts).hosts.filter { $0.workerCount > 0 }.map { host in
                .init(
                    name: host.label, workers: host.workerCount, cores: host.cores ?? max(host.workerCount * threads, 1),
                    speed: host.speed ?? 1, bandwidth: host.bandwidth.flatMap(Quantity.bandwidth) ?? bandwidth,
                    latency: host.latency.flatMap(Quantity.time) ?? latency)
            }, loopback: cluster.loopback)
    }

    /// The defaults for hosts that state no values: 10 Gbit/s, in bytes per second, and a latency in seconds.
    static let (bandwidth, latency) = (1.25e9, 25e-6)

    fileprivate static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Returns the accelerator that --device names; nil without the option.
    func deviceModel() throws -> DeviceModel? { try device.map { try DeviceModel(argument: $0) } }
}

extension DeviceModel {
    /// Finds a known model by name, or reads a YAML file with `name`, `flops`, `memory_bandwidth`, `launch` and `peer_bandwidth`.
    init(argument: String) throws {
        if let known = Self.known.first(where: { $0.name == argument }) {
            self = known
            return
        }
        let names = Self.known.map(\.name).joined(separator: ", ")
        guard argument.contains("/") || argument.contains(".") else {
            throw CommandFailure(
                CommandFailure.usage, "there is no device \"\(argument)\"; name one of \(names), or a file with its rates")
        }
        let bytes = try SmallFile.read(argument, limit: SettingsText.byteLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(CommandFailure.configuration, "\(argument) is not UTF-8 text")
        }
        do {
            self = try JSONDecoder().decode(DeviceModel.self, from: JSONEncoder().encode(try SettingsText.value(text)))
        } catch {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(argument) does not describe a device; write name, flops (per second), memory_bandwidth and peer_bandwidth "
                    + "(bytes per second) and launch (seconds)")
        }
        if let problem { throw CommandFailure(CommandFailure.configuration, "\(argument): \(problem)") }
    }
}

extension Cluster {
    /// Returns a cluster of this machine alone.
    /// - Parameter workers: the number of workers that it has room for.
    static func thisMachine(workers: Int) -> Cluster {
        Cluster(hosts: [
            .init(
                name: HostIdentity.hostName, workers: workers, cores: PlanHosts.cores, bandwidth: PlanHosts.bandwidth,
                latency: PlanHosts.latency)
        ])
    }
}
