/// Counts of a network's errors by class.
package struct ErrorCounts: Sendable {
    package let classes: Int
    /// The number of images by label and first guess.
    package private(set) var confusion: [[Int]]
    /// The number of images of each class whose label is not among the first five guesses.
    package private(set) var top5Wrong: [Int]
    /// The number of images of each class whose label is not the first guess. A tie counts as wrong.
    package private(set) var top1Wrong: [Int]

    package init(classes: Int) {
        self.classes = classes
        confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        (top1Wrong, top5Wrong) = ([Int](repeating: 0, count: classes), [Int](repeating: 0, count: classes))
    }

    /// Counts one image. Ties count against the label, so that a constant output is no better than chance.
    /// - Parameter probabilities: by class; any increasing function of them gives the same counts.
    package mutating func add(_ probabilities: ArraySlice<Float>, label: Int) {
        let start = probabilities.startIndex
        let value = probabilities[start + label]
        var better = 0
        var first = 0
        for guess in 0..<classes {
            if guess != label, !(probabilities[start + guess] < value) { better += 1 }
            if probabilities[start + guess] > probabilities[start + first] { first = guess }
        }
        if better > 0, first == label {
            // A tie that counts as wrong is shown as the other class of the tie.
            first = (0..<classes).first { $0 != label && !(probabilities[start + $0] < value) } ?? first
        }
        confusion[label][first] += 1
        if better >= 1 { top1Wrong[label] += 1 }
        if better >= 5 { top5Wrong[label] += 1 }
    }

    package func images(of label: Int) -> Int { confusion[label].reduce(0, +) }
    package var images: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }

    /// Returns the wrong class that is most often predicted for a label's images; nil if there is none.
    package func mostFrequentMistake(for label: Int) -> (guess: Int, images: Int)? {
        let wrong = confusion[label].indices.filter { $0 != label && confusion[label][$0] > 0 }
        return wrong.max { confusion[label][$0] < confusion[label][$1] }.map { ($0, confusion[label][$0]) }
    }

    /// The pairs of label and wrong guess, most frequent first.
    package var mistakes: [(label: Int, guess: Int, images: Int)] {
        confusion.indices.flatMap { label in
            confusion[label].indices.filter { $0 != label && confusion[label][$0] > 0 }
                .map { (label, $0, confusion[label][$0]) }
        }.sorted { ($0.images, $1.label, $1.guess) > ($1.images, $0.label, $0.guess) }
    }
}
