import ArgumentParser
import Foundation
import Kernels
import NeuralNetwork
import Prediction
import Tensors
import Wire

/// Where a planned run is to run: hosts from a file, or this machine alone; kernels measured, or modelled.
struct PlanHosts: ParsableArguments {
    @Option(
        help: ArgumentHelp("The file of hosts that `launch` takes (default: this machine alone).", valueName: "file"), completion: .file())
    var hosts: String?

    @Option(help: ArgumentHelp("Of hosts that state none, each way (default: 10Gbit/s).", valueName: "rate"))
    var bandwidth: Bandwidth?

    @Option(help: ArgumentHelp("From a host to the network, of those that state none (default: 25us).", valueName: "time"))
    var latency: Latency?

    @Option(help: ArgumentHelp("A modelled accelerator in place of measured kernels: its name, or a file with its rates.", valueName: "device"))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "Workers that compute side by side where kernels are measured (default: as many as the fullest host has).", valueName: "workers"))
    var sideBySide: Int?

    /// - Parameters:
    ///   - threads: kernel threads of a worker.
    ///   - workers: what this machine is to have place for at least, where there is no file.
    func cluster(threads: Int, workers: Int?) throws -> Cluster {
        let (bandwidth, latency) = (bandwidth?.bytesPerSecond ?? Self.bandwidth, latency?.seconds ?? Self.latency)
        let cores = Self.cores
        var cluster = Cluster.thisMachine(workers: max(1, cores / threads, workers ?? 1))
        // Accelerators of a host have a way of their own.
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

    /// Of hosts that nothing is known of: 10 Gbit/s, in bytes a second, and seconds.
    static let (bandwidth, latency) = (1.25e9, 25e-6)

    fileprivate static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The modelled accelerator that was asked for.
    func deviceModel() throws -> DeviceModel? { try device.map { try DeviceModel(argument: $0) } }
}

extension DeviceModel {
    /// A name, or the path of a YAML file with `name`, `flops`, `memory_bandwidth`, `launch` and `peer_bandwidth`.
    init(argument: String) throws {
        if let known = Self.known.first(where: { $0.name == argument }) {
            self = known
            return
        }
        let names = Self.known.map(\.name).joined(separator: ", ")
        guard argument.contains("/") || argument.contains(".") else {
            throw CommandFailure(CommandFailure.usage, "there is no device \"\(argument)\": there are \(names), or name a file with its rates")
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
                "\(argument) is no device: write name, flops (a second), memory_bandwidth and peer_bandwidth (bytes a second) and launch (seconds)")
        }
        if let problem { throw CommandFailure(CommandFailure.configuration, "\(argument): \(problem)") }
    }
}

extension Cluster {
    /// - Parameter workers: places on it.
    static func thisMachine(workers: Int) -> Cluster {
        Cluster(hosts: [.init(name: HostIdentity.hostName, workers: workers, cores: PlanHosts.cores, bandwidth: PlanHosts.bandwidth, latency: PlanHosts.latency)])
    }
}
