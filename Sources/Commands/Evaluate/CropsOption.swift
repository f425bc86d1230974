import ArgumentParser
import Datasets

/// The option `--crops` of `evaluate` and `predict`.
enum CropsOption {
    static let help = ArgumentHelp(
        "1 takes the centre of each picture, 10 averages the paper's ten patches, 18 the nine of its CIFAR-10 net and their mirrors.")

    static func patches(_ count: Int) throws -> [Patch] {
        guard let patches = Patch.crops(count) else {
            throw CommandFailure(CommandFailure.usage, "--crops is 1, 10 or 18, not \(count)")
        }
        return patches
    }
}
