/// The two parts of a data set: images to train on and images to validate on.
public enum Split: String, Codable, Sendable, CaseIterable {
    case train, validation
}

/// The number of images in each split.
public struct SplitCounts: Codable, Sendable, Equatable {
    public let train: Int
    public let validation: Int

    public init(train: Int, validation: Int) { (self.train, self.validation) = (train, validation) }

    public subscript(split: Split) -> Int {
        switch split {
        case .train: train
        case .validation: validation
        }
    }
}
