import Tensors

/// Dropout as in the paper (§4.2). Training zeroes units without scaling the others; testing uses every unit and multiplies its output
/// by the probability that training kept it.
public struct Dropout: Sendable {
    private let draws: RandomDraws
    private let probability: Float
    /// A unit is dropped if its random word is below this.
    private let threshold: UInt64
    private let layer: Int
    /// Units of one image over all columns.
    private let units: Int
    /// This column's units among them.
    private let column: Range<Int>
    /// A byte for each unit: 255 if it is kept, 0 if it is dropped.
    private let mask: TensorBuffer

    /// - Parameters:
    ///   - batch: the largest number of images in a pass.
    ///   - units: units of one image over all columns.
    ///   - column: this column's units among them.
    public init(seed: UInt64, probability: Float, layer: Int, batch: Int, units: Int, column: Range<Int>) throws {
        draws = RandomDraws(seed: seed)
        self.probability = probability
        threshold = UInt64(Double(probability) * 0x1p32)
        (self.layer, self.units, self.column) = (layer, units, column)
        mask = try TensorBuffer.allocate(byteCount: batch * column.count)
    }

    /// Zeroes units in place. The choice depends only on step, image and unit, so it is the same in every layout.
    /// - Parameter first: index of the pass's first image in the step's minibatch.
    public func forward(_ values: Memory, step: Int, first: Int = 0, batch: Int) {
        draw(step: step, first: first, batch: batch)
        applyMask(to: values, batch: batch)
    }

    private func draw(step: Int, first firstImage: Int, batch: Int) {
        let mask = mask.bytes
        let major = UInt64(step) << 8 | UInt64(layer)
        for image in 0..<batch {
            let row = image * column.count
            let first = (firstImage + image) * units + column.lowerBound
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
                    mask[row + index - first] = UInt64(word) < threshold ? 0 : 255
                    index += 1
                } while index & 3 != 0 && index < end
            }
        }
    }

    /// Zeroes the gradients of the units that `forward` zeroed.
    public func backward(_ gradient: Memory, batch: Int) { applyMask(to: gradient, batch: batch) }

    /// Zeroes all bits of dropped units, which is zero in either element type.
    private func applyMask(to values: Memory, batch: Int) {
        func apply<Bits: FixedWidthInteger & UnsignedInteger>(_: Bits.Type) {
            let (bits, mask) = (values.buffer.bytes.bindMemory(to: Bits.self), mask.bytes)
            for i in 0..<batch * column.count { bits[i] &= Bits(truncatingIfNeeded: Int8(bitPattern: mask[i])) }
        }
        switch values.layout.type {
        case .float32: apply(UInt32.self)
        case .bfloat16: apply(UInt16.self)
        }
    }

    /// Multiplies outputs at test time by the probability that training kept them.
    public func scale(_ values: Memory, batch: Int) {
        let kept = 1 - probability
        switch values.layout.type {
        case .float32:
            let floats = values.buffer.floats
            for i in 0..<batch * column.count { floats[i] *= kept }
        case .bfloat16:
            let bits = values.buffer.bytes.bindMemory(to: UInt16.self)
            for i in 0..<batch * column.count { bits[i] = BFloat16.bits(BFloat16.float(bits[i]) * kept) }
        }
    }
}
