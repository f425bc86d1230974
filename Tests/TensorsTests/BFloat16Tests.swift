import Foundation
import Tensors
import Testing

/// Compares rounding to bfloat16 with its definition: the nearer of two neighbours, and the even one of a tie.
@Suite struct BFloat16Tests {
    /// The expected bits, by exact arithmetic: 64 bits hold a 32-bit float and its distances to both neighbours exactly.
    private func reference(_ value: Float) -> UInt16 {
        let lower = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
        guard value.isFinite, value.bitPattern & 0xFFFF != 0 else { return lower }
        let upper = lower + 1
        // The upper neighbour of the largest finite number is infinity, which stands for the next power of two.
        func number(_ bits: UInt16) -> Double {
            let float = BFloat16.float(bits)
            return float.isInfinite ? (float > 0 ? 1 : -1) * 0x1p128 : Double(float)
        }
        let (below, above) = (abs(Double(value) - number(lower)), abs(number(upper) - Double(value)))
        return below == above ? (lower & 1 == 0 ? lower : upper) : below < above ? lower : upper
    }

    @Test func everyNumberIsRoundedToTheNearest() {
        for high in UInt32(0)...0xFFFF {
            let lows: [UInt32] = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
            let floats = lows.map { Float(bitPattern: high << 16 | $0) }
            var (narrow, rounded) = ([UInt16](repeating: 0, count: lows.count), floats)
            BFloat16.narrow(floats, to: &narrow, count: lows.count)
            BFloat16.round(floats, to: &rounded, count: lows.count)
            for i in lows.indices {
                guard !floats[i].isNaN else {
                    #expect(BFloat16.float(narrow[i]).isNaN && rounded[i].isNaN)
                    continue
                }
                let expected = reference(floats[i])
                if narrow[i] != expected || rounded[i].bitPattern != UInt32(expected) << 16 {
                    Issue.record("\(floats[i]) became \(String(narrow[i], radix: 16)), not \(String(expected, radix: 16))")
                }
            }
            var wide = [Float](repeating: 0, count: lows.count)
            BFloat16.widen(narrow, to: &wide, count: lows.count)
            #expect(wide.map(\.bitPattern) == narrow.map { UInt32($0) << 16 })
        }
    }
}
