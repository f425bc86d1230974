import ArgumentParser
package import Datasets
import Foundation
package import NeuralNetwork
import RunLog

/// The options that select a network and its recipe.
package struct ConfigurationOptions: ParsableArguments {
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

    package init() {}

    /// Resolves network and recipe.
    /// - Parameter manifest: the data set's; the last layer gets its number of classes, unless a file states a network.
    package func resolve(for manifest: DatasetManifest?) throws -> RunConfiguration {
        var network: NetworkSpecification?
        var overlay: [String: JSONValue] = [:]
        var presetName = preset
        if let config {
            var tree = try SettingsTree(yaml: config)
            if let stated = tree.remove("network") {
                network = try JSONDecoder().decode(NetworkSpecification.self, from: JSONEncoder().encode(stated))
            }
            if case .string(let name)? = tree.remove("preset") { presetName = preset ?? name }
            overlay = tree.root
        }
        guard network == nil || preset == nil else {
            throw CommandFailure(CommandFailure.usage, "\(config!) states a network; leave out --preset")
        }
        let base = try presetName.map(Preset.named) ?? Preset.suited(to: manifest)
        var tree = try SettingsTree(network == nil ? base.recipe : Recipe())
        tree.overlay(overlay)
        for assignment in set { try tree.set(assignment) }
        var recipe = try tree.recipe()
        if let threads { recipe.threads = threads }
        var chosen = network ?? base.network
        if network == nil, let manifest { chosen.classes = manifest.classes.count }
        if let columns { chosen.columns = columns }
        let configuration = RunConfiguration(network: chosen, recipe: recipe)
        try configuration.check()
        return configuration
    }
}

extension Preset {
    /// Returns the preset for a data set's image size.
    static func suited(to manifest: DatasetManifest?) -> Preset {
        switch manifest.map({ ($0.channels, $0.height, $0.width) }) {
        case (1, 28, 28)?: .fashion
        case (3, 32, 32)?: .cifar10
        default: .alexnet
        }
    }
}
