/// How images are prepared for the network.
public struct PreparationSettings: Sendable, Equatable {
    public var seed: UInt64
    /// A random part of each training image; off takes the centre.
    public var crop: Bool
    /// Training images are mirrored with probability 1/2.
    public var mirror: Bool
    /// Training images' colours are shifted along their principal components; without effect on grey images.
    public var color: Bool
    /// Every epoch visits the training images in an order of its own.
    public var shuffle: Bool
    /// What the network reads: channels, rows, columns.
    public var channels: Int
    public var height: Int
    public var width: Int
    /// Multiplies what is left after the mean is subtracted.
    public var scale: Float

    public init(
        seed: UInt64, crop: Bool, mirror: Bool, color: Bool, shuffle: Bool, channels: Int, height: Int, width: Int,
        scale: Float = 1
    ) {
        (self.seed, self.crop, self.mirror, self.color) = (seed, crop, mirror, color)
        (self.shuffle, self.channels, self.height, self.width) = (shuffle, channels, height, width)
        self.scale = scale
    }
}
