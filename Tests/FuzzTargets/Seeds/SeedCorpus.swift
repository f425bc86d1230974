import Foundation

/// Small inputs that parsers take, to start from: made by the product's own writers where it has one.
public enum SeedCorpus {
    /// Writes a folder for each target, with a file for each input.
    public static func write(to root: String) throws {
        let seeds: [(FuzzTarget, [(String, [UInt8])])] = [
            (.frames, WireSeeds.frames), (.messages, try WireSeeds.messages()), (.steps, WireSeeds.steps),
            (.configuration, try SettingsSeeds.configurations()), (.yaml, SettingsSeeds.files),
            (.settings, SettingsSeeds.settings), (.checkpoint, try SettingsSeeds.checkpoints()),
            (.records, try SettingsSeeds.records()),
            (.dataset, try DataSeeds.datasets()), (.safetensors, try DataSeeds.safetensors()), (.idx, DataSeeds.idx),
            (.gzip, DataSeeds.gzip), (.cifar, DataSeeds.cifar), (.tar, DataSeeds.archives), (.mat, DataSeeds.devkits),
            (.truth, DataSeeds.truths),
            (.pictures, ImageSeeds.images), (.stored, ImageSeeds.stored),
        ]
        for (target, inputs) in seeds {
            let folder = "\(root)/\(target.name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, bytes) in inputs { try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        }
    }
}
