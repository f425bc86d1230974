/// Which images a batch holds.
public struct BatchRequest: Sendable, Equatable {
    public let split: Split
    /// For training, the number of images seen before: (step − 1) · batch. For validation, the first image's
    /// index.
    public let position: Int
    /// Images wanted.
    public let count: Int

    public init(split: Split, position: Int, count: Int) {
        (self.split, self.position, self.count) = (split, position, count)
    }
}
