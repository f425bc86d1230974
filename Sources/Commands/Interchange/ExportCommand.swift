import ArgumentParser
import Datasets
import Foundation
import Interchange
import NeuralNetwork
import Platform
import Tensors

/// `colonnade export`: converts a checkpoint for other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a checkpoint as ONNX or as one safetensors file.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case onnx, safetensors }

    @Option(help: ArgumentHelp("A checkpoint.", valueName: "dir"), completion: .directory) var checkpoint: String
    @Option(help: "onnx or safetensors.") var format: Format
    @Argument(help: "The file to write.") var out: String

    func run() throws {
        let opened = try Checkpoint(path: checkpoint)
        switch format {
        case .onnx: try DurableFile.write([UInt8](try ONNXExport.model(opened, version: Product.version)), to: out)
        case .safetensors: try SafetensorsInterchange.export(opened, to: out)
        }
        let size = (try? FileManager.default.attributesOfItem(atPath: out)[.size] as? Int) ?? 0
        Terminal.line("wrote \(out), \(Terminal.bytes(size))")
    }
}

/// `colonnade import`: creates a checkpoint from another program's weights.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Creates a checkpoint from a safetensors file.",
        discussion: "docs/interchange.md shows how to convert torchvision's and Caffe's AlexNet.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case safetensors }

    @Option(help: "safetensors.") var format = Format.safetensors
    @Option(help: ArgumentHelp("The data set whose mean image and classes the network uses.", valueName: "dir"))
    var data: String?
    @OptionGroup var configuration: ConfigurationOptions
    @Argument(help: "The file with a tensor for each parameter.") var file: String
    @Argument(help: "The checkpoint to create, a directory.") var out: String

    func run() throws {
        guard !FileManager.default.fileExists(atPath: out) else {
            throw CommandFailure(CommandFailure.usage, "\(out) exists already; name another directory")
        }
        let opened = try SafetensorsFile(path: file)
        let dataset = try data.map { try DatasetSummary(path: $0) }
        let isStated = configuration.preset != nil || configuration.config != nil
        let own = isStated ? nil : try SafetensorsInterchange.configuration(of: opened)
        guard isStated || own != nil else {
            throw CommandFailure(CommandFailure.usage, "\(file) does not state its network; name it with --preset or --config")
        }
        let resolved = try own ?? configuration.resolve(for: dataset?.manifest)
        let classes =
            dataset?.manifest.names ?? SafetensorsInterchange.classes(of: opened)
            ?? (0..<resolved.network.classes).map { "class \($0)" }
        guard classes.count <= resolved.network.classes else {
            throw CommandFailure(
                CommandFailure.data, "\(data ?? file) has \(classes.count) classes, but the network has only \(resolved.network.classes)")
        }
        try SafetensorsInterchange.makeCheckpoint(
            of: opened, configuration: resolved, classes: classes, mean: dataset.map { ($0.mean, $0.stored) },
            datasetFingerprint: dataset?.manifest.fingerprint ?? "", version: Product.version, at: out)
        Terminal.line("created the checkpoint \(out) of \(try resolved.network.parameterTensors().count) tensors")
    }
}
