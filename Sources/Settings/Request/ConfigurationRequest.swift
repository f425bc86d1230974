package import Datasets
import Foundation
package import NeuralNetwork
import Platform
import RunLog
import Tensors

/// The network and recipe that a user asked for.
package struct ConfigurationRequest: Codable, Sendable, Equatable {
    /// A YAML file, read where the command was given.
    package struct File: Codable, Sendable, Equatable {
        package var path: String
        package var text: String

        /// - Throws: `CommandFailure` if the file cannot be read, `NetworkError` if it is not text.
        package init(_ path: String) throws {
            let bytes: [UInt8]
            do { bytes = try SmallFile.read(path, limit: SettingsText.byteLimit) } catch {
                throw CommandFailure(CommandFailure.noInput, "\(error); name a YAML file with --config")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else { throw NetworkError("\(path) is not UTF-8 text") }
            (self.path, self.text) = (path, text)
        }
    }

    package var preset: String?
    package var file: File?
    /// Assignments `key=value`, which override the file's.
    package var settings: [String]
    package var columns: Int?
    package var threads: Int?

    package init(preset: String? = nil, file: File? = nil, settings: [String] = [], columns: Int? = nil, threads: Int? = nil) {
        (self.preset, self.file, self.settings, self.columns, self.threads) = (preset, file, settings, columns, threads)
    }

    /// Resolves network and recipe.
    /// - Parameter manifest: the data set's; the last layer gets its number of classes, unless a file states a network.
    package func resolve(for manifest: DatasetManifest?) throws -> RunConfiguration {
        var network: NetworkSpecification?
        var overlay: [String: JSONValue] = [:]
        var presetName = preset
        if let file {
            var tree = try SettingsTree(yaml: file.text, path: file.path)
            if let stated = tree.remove("network") {
                network = try JSONDecoder().decode(NetworkSpecification.self, from: JSONEncoder().encode(stated))
            }
            if case .string(let name)? = tree.remove("preset") { presetName = preset ?? name }
            overlay = tree.root
        }
        guard network == nil || preset == nil else {
            throw CommandFailure(CommandFailure.usage, "\(file!.path) states a network; leave out --preset")
        }
        let base = try presetName.map(Preset.named) ?? Preset.suited(to: manifest)
        var tree = try SettingsTree(network == nil ? base.recipe : Recipe())
        tree.overlay(overlay)
        for assignment in settings { try tree.set(assignment) }
        var recipe = try tree.recipe()
        if let threads { recipe.threads = threads }
        var chosen = network ?? base.network
        if network == nil, let manifest { chosen.classes = manifest.classes.count }
        if let columns { chosen.columns = columns }
        let configuration = RunConfiguration(network: chosen, recipe: recipe)
        try configuration.check()
        return configuration
    }

    /// Returns the name of the preset that the network is; nil where a file states the network.
    package func presetName(for manifest: DatasetManifest?) throws -> String? {
        var name = preset
        if let file {
            var tree = try SettingsTree(yaml: file.text, path: file.path)
            if tree.remove("network") != nil { return nil }
            if case .string(let stated)? = tree.remove("preset") { name = preset ?? stated }
        }
        return try name.map(Preset.named)?.name ?? Preset.suited(to: manifest).name
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
