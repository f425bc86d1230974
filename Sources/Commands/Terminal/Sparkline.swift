/// A curve as a line of characters. A character's height is the mean of its part of the values.
package struct Sparkline: Equatable {
    package enum Style: Sendable {
        /// Unicode's blocks of eight heights.
        case blocks
        /// ASCII characters.
        case plain
    }

    /// Heights from 0, the minimum, to 1; nil for a part without a value.
    private let heights: [Double?]

    /// - Parameters:
    ///   - values: non-finite values are ignored.
    ///   - width: the largest number of characters.
    package init(_ values: [Double], width: Int) {
        let cells = min(values.count, max(0, width))
        let means = (0..<cells).map { cell -> Double? in
            let part = values[cell * values.count / cells..<(cell + 1) * values.count / cells].filter(\.isFinite)
            // Divide first: the sum of large numbers may overflow.
            return part.isEmpty ? nil : part.reduce(0) { $0 + $1 / Double(part.count) }
        }
        let present = means.compactMap { $0 }
        guard let low = present.min(), let high = present.max() else {
            heights = means
            return
        }
        let range = high / 2 - low / 2
        heights = means.map { mean in mean.map { range > 0 ? ($0 / 2 - low / 2) / range : 0.5 } }
    }

    package func text(_ style: Style) -> String {
        let characters: [Character] = style == .blocks ? Array("▁▂▃▄▅▆▇█") : Array("_.-~=+*#")
        return String(
            heights.map { height in
                guard let height else { return " " }
                return characters[min(characters.count - 1, Int(height * Double(characters.count)))]
            })
    }
}
