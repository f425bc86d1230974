import ArgumentParser
import Datasets
import Platform

/// The option `--crops` of `evaluate` and `predict`.
enum CropsOption {
    static let help = ArgumentHelp(
        "1 uses the centre of each image; 10 averages the paper's ten patches; 18 averages the nine patches of its CIFAR-10 network and "
            + "their mirror images.")

    /// Returns the patches of an image.
    static func patches(_ count: Int) throws -> [Patch] {
        guard let patches = Patch.crops(count) else {
            throw CommandFailure(CommandFailure.usage, "--crops must be 1, 10 or 18, not \(count)")
        }
        return patches
    }
}
