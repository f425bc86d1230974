import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import RunLog
import Settings

/// The options that select a network and its recipe.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "A network and its recipe: \(Preset.all.map(\.name).joined(separator: ", ")).", completion: .presets)
    var preset: String?

    @Option(
        help: ArgumentHelp("A YAML file with settings, and optionally a network or the name of a preset.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Settings, such as batch=64 or optimizer.learning_rate=0.005.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "Columns of the network (default: the network's own).")
    var columns: Int?

    @Option(help: "Kernel threads of each worker.")
    var threads: Int?

    /// - Throws: Where the file cannot be read.
    var request: ConfigurationRequest {
        get throws {
            ConfigurationRequest(
                preset: preset, file: try config.map { try ConfigurationRequest.File($0) }, settings: set, columns: columns,
                threads: threads)
        }
    }

    /// Resolves network and recipe.
    /// - Parameter manifest: the data set's; the last layer gets its number of classes, unless a file states a network.
    func resolve(for manifest: DatasetManifest?) throws -> RunConfiguration { try request.resolve(for: manifest) }
}
