/// Specifies the images of a batch.
public struct BatchRequest: Sendable, Equatable {
    public let split: Split
    /// For training, the number of images seen before: (step − 1) · batch. For validation, the index of the first image.
    public let position: Int
    /// The number of images.
    public let count: Int

    public init(split: Split, position: Int, count: Int) {
        (self.split, self.position, self.count) = (split, position, count)
    }
}
