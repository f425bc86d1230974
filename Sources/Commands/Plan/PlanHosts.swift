import ArgumentParser
import Foundation
import Kernels
import NeuralNetwork
import Platform
import Prediction
import Settings
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
        let (bandwidth, latency) = (bandwidth?.bytesPerSecond ?? HostDefaults.bandwidth, latency?.seconds ?? HostDefaults.latency)
        let cores = HostDefaults.cores
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

    /// Returns the accelerator that --device names; nil without the option.
    func deviceModel() throws -> DeviceModel? { try device.map { try DeviceModel(argument: $0) } }
}
