package import Platform
import Tensors

/// A share of the training images that becomes the validation split, where a source has none.
///
/// The choice depends on the seed and on the images' paths alone, and takes the same share of each class.
package struct HeldOutShare: Sendable, Equatable {
    package static let standard = 0.1

    /// Above 0, below 1.
    package let share: Double
    package let seed: UInt64

    package init(share: Double = standard, seed: UInt64 = 0) { (self.share, self.seed) = (share, seed) }

    /// Returns a number that decides about a path: the smallest ones are held out.
    package func rank(_ path: FilePath) -> UInt64 { Digest.hash(Array("\(seed)/".utf8) + path.bytes) }

    /// Returns the number of images of a class that are held out: at least one, but not all.
    package func count(of images: Int) -> Int {
        images < 2 ? 0 : min(images - 1, max(1, Int((Double(images) * share).rounded())))
    }

    /// Returns the places of the paths that are held out. All must be of one class.
    package func heldOut(_ paths: [FilePath]) -> Set<Int> {
        let ranks = paths.map(rank)
        return Set(paths.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.prefix(count(of: paths.count)))
    }

    /// A split's part of what is divided.
    package struct Part: Sendable, Equatable {
        package let share: HeldOutShare
        package let split: Split

        package init(_ share: HeldOutShare, _ split: Split) { (self.share, self.split) = (share, split) }
    }
}
