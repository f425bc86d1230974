import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Partition
import Tensors

/// `colonnade plan`: what each worker will do, before anything is started.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows each worker's layers, parameters, work and traffic.")

    @OptionGroup var configuration: ConfigurationOptions
    @Option(help: "Worker processes (default: one per column).") var workers: Int?
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
        let batch: Int
        let network: NetworkSpecification
        let workers: [Worker]
    }

    func run() throws {
        let manifest = try data.map { try Dataset(path: $0).manifest }
        let resolved = try configuration.resolve(for: manifest)
        let type = resolved.recipe.precision.elements
        let network = resolved.network
        let programs = try ProgramCompiler(
            network: network, workers: workers ?? network.columns, batch: resolved.recipe.batch
        ).programs()
        let total = try network.parameterCount()
        if json {
            return Terminal.line(
                try Terminal.json(
                    Document(
                        parameters: total, columns: network.columns, batch: resolved.recipe.batch, network: network,
                        workers: programs.map { program in
                            .init(
                                worker: program.worker, columns: Array(program.columns),
                                parameters: program.blocks.reduce(0) { $0 + $1.shape.count },
                                flops_per_step: program.flops, bytes_sent_per_step: program.bytesSent(type),
                                bytes_received_per_step: program.bytesReceived(type))
                        })))
        }
        Terminal.line(
            "\(Terminal.grouped(total)) parameters in \(network.columns) columns on \(programs.count) workers, "
                + "batch \(resolved.recipe.batch)")
        for program in programs { show(program, type) }
    }

    private func show(_ program: WorkerProgram, _ type: ElementType) {
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
                case .send(let slab, _) where slab.layer == layer: sent += 4 * program.shape(of: slab).count
                case .receive(let slab, _) where slab.layer == layer: received += 4 * program.shape(of: slab).count
                default: continue
                }
            }
            rows.append([
                program.network.layers[layer].name, layer == 0 ? "images" : program.network.layers[layer].reads.rawValue,
                "\(output)", Terminal.grouped(parameters), Terminal.fixed(flops / 1e9, 2), Terminal.bytes(sent),
                Terminal.bytes(received),
            ])
        }
        rows.append([
            "total", "", "", Terminal.grouped(program.blocks.reduce(0) { $0 + $1.shape.count }),
            Terminal.fixed(program.flops / 1e9, 2), Terminal.bytes(program.bytesSent(type)),
            Terminal.bytes(program.bytesReceived(type)),
        ])
        Terminal.line(Terminal.table(rows))
        if instructions { for instruction in program.instructions { Terminal.line("  \(instruction)") } }
    }
}
