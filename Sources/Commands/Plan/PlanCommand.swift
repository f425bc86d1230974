import Analysis
import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Partition
import Platform
import Prediction
import Settings
import Tensors

/// `colonnade plan`: shows what each worker will do, without starting anything.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows each worker's layers, parameters, computation and traffic, and predicts the layout's throughput.")

    @OptionGroup var configuration: ConfigurationOptions
    @Option(help: "Worker processes in all replicas together (default: one per column; with --hosts, the fastest layout).")
    var workers: Int?
    @Option(help: "Replicas of the network; each computes its share of a step's slices (default: 1).") var replicas: Int?
    @OptionGroup var hosts: PlanHosts
    @Flag(help: "Measure this machine's kernels first, which takes some seconds; otherwise earlier measurements are used.")
    var measure = false
    @Option(help: ArgumentHelp("A packed data set, for its number of classes.", valueName: "dir")) var data: String?
    @Flag(help: "Print each worker's instructions.") var instructions = false
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        struct Worker: Encodable {
            let worker: Int
            let columns: [Int]
            let parameters: Int
            let flops_per_step: Double
            let bytes_sent_per_step: Int
            let bytes_received_per_step: Int
        }
        let parameters: Int
        let columns: Int
        let replicas: Int
        let batch: Int
        let network: NetworkSpecification
        let workers: [Worker]
        /// Nil if no kernel times are known.
        let prediction: PredictionReport.Document?
    }

    func run() throws {
        let manifest = try data.map { try Dataset(path: $0).manifest }
        var resolved = try configuration.resolve(for: manifest)
        let layout = try resolved.resolveLayout(workers: workers, replicas: replicas)
        let (type, network) = (resolved.recipe.exchangedElements, resolved.network)
        let cluster = try hosts.cluster(threads: resolved.recipe.threads, workers: layout.workers)
        let times = try kernelTimes(resolved, cluster, layout)
        let plan = try plannedRun(resolved, cluster, layout, times)
        let programs = try ProgramCompiler(
            network: network, workers: plan.layout.workers, replicas: plan.layout.replicas, batch: resolved.recipe.sliceBatch
        ).programs()
        let passes = resolved.recipe.slices / plan.layout.replicas
        let total = try network.parameterCount()
        let report = try times.map { try PredictionReport(plan, $0, addsHost: hosts.hosts != nil) }
        if json {
            return Terminal.line(
                try Terminal.json(
                    Document(
                        parameters: total, columns: network.columns, replicas: plan.layout.replicas, batch: resolved.recipe.batch,
                        network: network,
                        workers: programs.map { program in
                            .init(
                                worker: program.worker, columns: Array(program.columns),
                                parameters: program.blocks.reduce(0) { $0 + $1.shape.count },
                                flops_per_step: program.flops * Double(passes), bytes_sent_per_step: program.bytesSent(type) * passes,
                                bytes_received_per_step: program.bytesReceived(type) * passes)
                        }, prediction: report?.document)))
        }
        let replicas = plan.layout.replicas == 1 ? "" : " in \(plan.layout.replicas) replicas"
        Terminal.line(
            "\(Terminal.grouped(total)) parameters in \(network.columns) columns on \(programs.count) workers\(replicas), "
                + "batch \(resolved.recipe.batch)" + (resolved.recipe.slices == 1 ? "" : " in \(resolved.recipe.slices) slices"))
        // All replicas have the same programs: show the first.
        for program in programs where program.replica == 0 { show(program, type, passes: passes) }
        Terminal.line("")
        Terminal.line(
            report?.text
                ?? "no prediction: these kernels have not been measured on this machine; measure them with --measure, or name a --device")
    }

    /// Returns the measured kernel times, or those of the modelled device; nil if neither is known.
    private func kernelTimes(_ configuration: RunConfiguration, _ cluster: Cluster, _ layout: ColumnLayout) throws -> (any KernelTimes)? {
        if let device = try hosts.deviceModel() { return device }
        // As many workers as compute side by side on the host with the most.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let busiest = hosts.hosts == nil ? layout.workers : cluster.hosts.map(\.workers).max() ?? 1
        let neighbours = hosts.sideBySide ?? max(1, min(busiest, cores / configuration.recipe.threads))
        guard (1...64).contains(neighbours) else { throw CommandFailure(CommandFailure.usage, "--side-by-side must be from 1 to 64") }
        let profiles = try KernelProfiles(configuration, neighbours: neighbours)
        guard measure else { return profiles.cached }
        let profile = try KernelMeasurement.measure(configuration, neighbours: neighbours)
        try profiles.save(profile)
        return profile
    }

    private func plannedRun(
        _ configuration: RunConfiguration, _ cluster: Cluster, _ layout: ColumnLayout, _ times: (any KernelTimes)?
    ) throws -> PlannedRun {
        if hosts.hosts != nil, workers == nil, replicas == nil, let times,
            let best = try LayoutSearch(configuration, on: cluster, times).layouts.first
        {
            return best.plan
        }
        return try PlannedRun(configuration, layout: layout, cluster: cluster)
    }

    private func show(_ program: WorkerProgram, _ type: ElementType, passes: Int) {
        Terminal.line("")
        Terminal.line("worker \(program.worker): columns \(program.columns.map(String.init).joined(separator: ", "))")
        var rows = [["layer", "reads", "output", "parameters", "GFLOP", "sent", "received"]]
        for layer in program.network.layers.indices {
            let shape = program.shapes[layer].result
            let channels = program.columns.reduce(0) { $0 + program.columnShape(shape, column: $1)[1] }
            let output = Shape([channels] + shape.extents.dropFirst())
            let parameters = program.blocks.filter { $0.key.layer == layer }.reduce(0) { $0 + $1.shape.count }
            var (flops, sent, received) = (0.0, 0, 0)
            for instruction in program.instructions {
                switch instruction {
                case .compute(let computation) where computation.layer == layer: flops += computation.flops
                case .send(let slab, _) where slab.layer == layer: sent += program.bytes(slab, type)
                case .receive(let slab, _) where slab.layer == layer: received += program.bytes(slab, type)
                default: continue
                }
            }
            rows.append([
                program.network.layers[layer].name, layer == 0 ? "images" : program.network.layers[layer].reads.rawValue,
                "\(output)", Terminal.grouped(parameters), Terminal.fixed(flops * Double(passes) / 1e9, 2), Terminal.bytes(sent * passes),
                Terminal.bytes(received * passes),
            ])
        }
        rows.append([
            "total", "", "", Terminal.grouped(program.blocks.reduce(0) { $0 + $1.shape.count }),
            Terminal.fixed(program.flops * Double(passes) / 1e9, 2), Terminal.bytes(program.bytesSent(type) * passes),
            Terminal.bytes(program.bytesReceived(type) * passes),
        ])
        Terminal.line(Terminal.table(rows))
        if instructions { for instruction in program.instructions { Terminal.line("  \(instruction)") } }
    }
}
