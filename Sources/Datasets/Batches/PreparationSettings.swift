/// Settings of the preparation of images for the network.
public struct PreparationSettings: Sendable, Equatable {
    public var seed: UInt64
    /// Whether training images are cropped at random; otherwise the centre is taken.
    public var crop: Bool
    /// Whether training images are mirrored with probability 1/2.
    public var mirror: Bool
    /// Whether the colours of training images are shifted along their principal components. Grey images are not affected.
    public var color: Bool
    /// Whether every epoch visits the training images in a different order.
    public var shuffle: Bool
    /// The channels of the network's input.
    public var channels: Int
    /// The rows of the network's input.
    public var height: Int
    /// The columns of the network's input.
    public var width: Int
    /// The factor by which values are multiplied after the mean is subtracted.
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
