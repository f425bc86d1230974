/// The number of images of each class in each split.
public struct ClassCounts: Sendable, Equatable {
    /// By label.
    public private(set) var train: [Int] = []
    /// By label.
    public private(set) var validation: [Int] = []

    init() {}

    /// Counts the labels of a data set.
    public init(_ dataset: Dataset) {
        func counts(_ split: Split) -> [Int] {
            var counts = [Int](repeating: 0, count: dataset.manifest.classes.count)
            for image in 0..<dataset.count(split) { counts[dataset.label(split, image)] += 1 }
            return counts
        }
        (train, validation) = (counts(.train), counts(.validation))
    }

    public subscript(split: Split) -> [Int] {
        switch split {
        case .train: train
        case .validation: validation
        }
    }

    /// Returns the labels of the classes without an image in a split.
    public func empty(_ split: Split) -> [Int] { self[split].indices.filter { self[split][$0] == 0 } }
}
