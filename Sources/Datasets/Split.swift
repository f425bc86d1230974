/// The two parts of a data set: what the network learns from, and what it is measured on.
public enum Split: String, Codable, Sendable, CaseIterable {
    case train, validation
}

/// How many images each split has.
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
