import Foundation

/// The purpose of a draw. Each purpose has its own counters, so that no two purposes share numbers.
public enum RandomPurpose: UInt32, Sendable {
    case initialValue = 1
    case dropout = 2
    case crop = 3
    case mirror = 4
    case color = 5
    case shuffle = 6
}

/// A run's random numbers, addressed by purpose and two indices, so that every process draws the same ones.
public struct RandomDraws: Sendable {
    @usableFromInline let philox: Philox

    public init(seed: UInt64) { philox = Philox(seed: seed) }

    /// Returns four random words.
    /// - Parameters:
    ///   - major: a step or an epoch, below 2^44.
    ///   - minor: an item within it, below 2^44.
    @inlinable
    public func words(_ purpose: RandomPurpose, _ major: UInt64, _ minor: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        // The third counter word carries bits 32 to 43 of both indices.
        let upper =
            UInt32(truncatingIfNeeded: (major >> 32) & 0xFFF) << 12 | UInt32(truncatingIfNeeded: (minor >> 32) & 0xFFF)
        return philox.words(
            UInt32(truncatingIfNeeded: minor), UInt32(truncatingIfNeeded: major), upper, purpose.rawValue)
    }

    /// Returns a number in [0, 1) with 24 random bits.
    @inlinable public static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

    /// Returns an integer in 0..<bound; the bias is below bound / 2^32.
    @inlinable public static func integer(_ word: UInt32, below bound: Int) -> Int {
        Int((UInt64(word) &* UInt64(bound)) >> 32)
    }

    /// Returns four draws from N(0, 1), made from four words by the Box–Muller method in double precision.
    public static func normals(_ words: (UInt32, UInt32, UInt32, UInt32)) -> (Float, Float, Float, Float) {
        let (a, b) = normalPair(words.0, words.1)
        let (c, d) = normalPair(words.2, words.3)
        return (a, b, c, d)
    }

    private static func normalPair(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
        let radius = (-2 * log((Double(first) + 1) * 0x1p-32)).squareRoot()
        let angle = 2 * Double.pi * Double(second) * 0x1p-32
        return (Float(radius * cos(angle)), Float(radius * sin(angle)))
    }

    /// Returns the order in which an epoch visits `count` images: a Fisher–Yates shuffle, the same in every process.
    public func permutation(count: Int, epoch: Int) -> [UInt32] {
        var order = [UInt32](0..<UInt32(count))
        guard count > 1 else { return order }
        for i in stride(from: count - 1, through: 1, by: -1) {
            let word = words(.shuffle, UInt64(epoch), UInt64(i)).0
            order.swapAt(i, Self.integer(word, below: i + 1))
        }
        return order
    }
}
