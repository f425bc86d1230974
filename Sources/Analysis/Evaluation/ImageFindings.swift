package import Datasets
package import NeuralNetwork
import Worker

/// A network's results for single images: its five best guesses, and the training images whose last hidden activations are nearest
/// (paper §6.1, Figure 4).
package struct ImageFindings: Sendable {
    package struct Guess: Encodable, Sendable {
        package let name: String
        package let probability: Double
    }

    package struct Judged: Encodable, Sendable {
        package let image: String
        package let label: String
        package let guesses: [Guess]

        /// The JSON omits the image.
        private enum CodingKeys: CodingKey { case label, guesses }
    }

    package struct Neighbors: Encodable, Sendable {
        package let image: String
        package let label: String
        /// Nearest first.
        package let nearest: [Neighbor]

        /// The JSON omits the image.
        private enum CodingKeys: CodingKey { case label, nearest }
    }

    package struct Neighbor: Encodable, Sendable {
        package let image: String
        package let label: String
        package let distance: Double

        /// The JSON omits the image.
        private enum CodingKeys: CodingKey { case label, distance }
    }

    package private(set) var judged: [Judged] = []
    package private(set) var neighbors: [Neighbors] = []
    /// The number of training images searched.
    package private(set) var searched = 0

    /// Evaluates validation images and searches the training set for their neighbours.
    /// - Parameters:
    ///   - images: the number of validation images to judge.
    ///   - queries: the number of them to search neighbours for.
    ///   - limit: the largest number of training images to search.
    ///   - progress: receives the fraction that is done.
    package init(
        _ checkpoint: Checkpoint, dataset: Dataset, images: Int, queries: Int, limit: Int, progress: (Double) -> Void
    ) throws {
        let network = try FeatureNetwork(checkpoint, dataset: dataset)
        let reader = RecordReader(dataset)
        let manifest = dataset.manifest
        let names = manifest.names
        func imageURI(_ split: Split, _ index: Int) throws -> String {
            try reader.withPixels(split, index) {
                ImageURI.image(
                    planar: Array($0), channels: manifest.channels, height: manifest.height, width: manifest.width)
            }
        }
        let chosen = Self.spread(dataset, count: images)
        var wanted: [[Float]] = []
        for index in chosen {
            let found = try network.features(.validation, indices: [index])[0]
            let order = found.probabilities.indices.sorted { (found.probabilities[$0], $1) > (found.probabilities[$1], $0) }
            judged.append(
                Judged(
                    image: try imageURI(.validation, index), label: names[dataset.label(.validation, index)],
                    guesses: order.prefix(5).map {
                        Guess(name: $0 < names.count ? names[$0] : "class \($0)", probability: Double(found.probabilities[$0]))
                    }))
            if wanted.count < queries { wanted.append(found.hidden) }
        }
        let total = dataset.count(.train)
        let searched = min(total, limit)
        self.searched = searched
        // Spread evenly over the training set, which is packed class by class.
        let candidates = (0..<searched).map { $0 * total / searched }
        var best = [[(index: Int, distance: Float)]](repeating: [], count: wanted.count)
        for start in stride(from: 0, to: candidates.count, by: FeatureNetwork.batch) {
            let part = Array(candidates[start..<min(start + FeatureNetwork.batch, candidates.count)])
            for (index, found) in zip(part, try network.features(.train, indices: part)) {
                for query in wanted.indices {
                    var distance: Float = 0
                    for i in found.hidden.indices {
                        let difference = found.hidden[i] - wanted[query][i]
                        distance += difference * difference
                    }
                    if best[query].count < 6 || distance < best[query][5].distance {
                        let position = best[query].firstIndex { distance < $0.distance } ?? best[query].count
                        best[query].insert((index, distance), at: position)
                        best[query] = Array(best[query].prefix(6))
                    }
                }
            }
            progress(Double(start + part.count) / Double(candidates.count))
        }
        neighbors = try best.enumerated().map { query, found in
            Neighbors(
                image: judged[query].image, label: judged[query].label,
                nearest: try found.map {
                    Neighbor(
                        image: try imageURI(.train, $0.index), label: names[dataset.label(.train, $0.index)],
                        distance: Double($0.distance.squareRoot()))
                })
        }
    }

    /// Chooses validation images from as many classes as possible.
    private static func spread(_ dataset: Dataset, count: Int) -> [Int] {
        var byLabel: [Int: [Int]] = [:]
        for index in 0..<dataset.count(.validation) {
            byLabel[dataset.label(.validation, index), default: []].append(index)
        }
        let labels = byLabel.keys.sorted()
        guard !labels.isEmpty else { return [] }
        let count = min(count, dataset.count(.validation))
        let apart = max(1, labels.count / max(count, 1))
        var result: [Int] = []
        var round = 0
        while result.count < count, round < dataset.count(.validation) {
            for label in stride(from: 0, to: labels.count, by: round == 0 ? apart : 1) where result.count < count {
                let indices = byLabel[labels[label]] ?? []
                if round < indices.count, !result.contains(indices[round]) { result.append(indices[round]) }
            }
            round += 1
        }
        return result
    }
}
