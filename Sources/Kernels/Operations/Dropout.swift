import Tensors

/// Dropout as in the paper (§4.2): units are zeroed in training without scaling the rest; at test every unit is used
/// and its output multiplied by the probability of having been kept.
public struct Dropout: Sendable {
    private let draws: RandomDraws
    private let probability: Float
    /// A word below this drops its unit.
    private let threshold: UInt64
    private let layer: Int
    /// Units of one image in the whole network, and those of this column.
    private let units: Int
    private let column: Range<Int>
    private let mask: TensorBuffer

    /// - Parameters:
    ///   - units: hidden units of one image over all columns.
    ///   - column: the units of this column.
    public init(seed: UInt64, probability: Float, layer: Int, batch: Int, units: Int, column: Range<Int>) {
        draws = RandomDraws(seed: seed)
        self.probability = probability
        threshold = UInt64(Double(probability) * 0x1p32)
        (self.layer, self.units, self.column) = (layer, units, column)
        mask = TensorBuffer(floats: batch * column.count)
    }

    /// Zeroes units in place, by step, image and unit: the same in every layout.
    public func forward(_ values: UnsafeMutableBufferPointer<Float>, step: Int, batch: Int) {
        let mask = mask.floats
        let major = UInt64(step) << 8 | UInt64(layer)
        for image in 0..<batch {
            let row = image * column.count
            let first = image * units + column.lowerBound
            let end = first + column.count
            var index = first
            while index < end {
                let words = draws.words(.dropout, major, UInt64(index >> 2))
                repeat {
                    let word =
                        switch index & 3 {
                        case 0: words.0
                        case 1: words.1
                        case 2: words.2
                        default: words.3
                        }
                    let keep: Float = UInt64(word) < threshold ? 0 : 1
                    mask[row + index - first] = keep
                    values[row + index - first] *= keep
                    index += 1
                } while index & 3 != 0 && index < end
            }
        }
    }

    /// Zeroes the gradients of the units that were zeroed.
    public func backward(_ gradient: UnsafeMutableBufferPointer<Float>, batch: Int) {
        let mask = mask.floats
        for i in 0..<batch * column.count { gradient[i] *= mask[i] }
    }

    /// The test-time output.
    public func scale(_ values: UnsafeMutableBufferPointer<Float>, batch: Int) {
        let kept = 1 - probability
        for i in 0..<batch * column.count { values[i] *= kept }
    }
}
