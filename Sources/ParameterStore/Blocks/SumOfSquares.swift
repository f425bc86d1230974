/// Sums of squares, for the norms of weights and updates.
enum SumOfSquares {
    /// Sixteen sums side by side, so that the compiler computes them in vector registers.
    static func of(_ values: UnsafeBufferPointer<Float>) -> Double {
        var sums = SIMD16<Float>()
        let whole = values.count / 16 * 16
        for start in stride(from: 0, to: whole, by: 16) {
            let part = UnsafeRawPointer(values.baseAddress! + start).loadUnaligned(as: SIMD16<Float>.self)
            sums += part * part
        }
        var total = (0..<16).reduce(0.0) { $0 + Double(sums[$1]) }
        for value in values[whole...] { total += Double(value * value) }
        return total
    }
}
