/// Sums over training pictures, in integers, from which the mean picture and the covariance of colours follow.
struct PixelStatistics {
    private let channels: Int
    private let area: Int
    private var count = 0
    private var sums: [UInt64]
    private var products = [UInt64](repeating: 0, count: 6)

    /// The pairs of channels of `products`.
    private static let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]

    init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        area = height * width
        sums = [UInt64](repeating: 0, count: channels * height * width)
    }

    /// Adds a picture, planar CHW.
    mutating func add(_ pixels: UnsafeRawBufferPointer) {
        precondition(pixels.count == sums.count)
        count += 1
        sums.withUnsafeMutableBufferPointer { sums in
            for i in 0..<sums.count { sums[i] &+= UInt64(pixels[i]) }
        }
        guard channels == 3 else { return }
        for (place, (first, second)) in Self.pairs.enumerated() {
            products[place] += Self.product(
                UnsafeRawBufferPointer(rebasing: pixels[first * area..<(first + 1) * area]),
                UnsafeRawBufferPointer(rebasing: pixels[second * area..<(second + 1) * area]))
        }
    }

    /// Σ a·b. A block of 2^16 products of bytes fits 32 bits, which vectorizes well.
    private static func product(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> UInt64 {
        var total: UInt64 = 0
        for start in stride(from: 0, to: a.count, by: 1 << 16) {
            var partial: UInt32 = 0
            for i in start..<min(start + 1 << 16, a.count) { partial &+= UInt32(a[i]) &* UInt32(b[i]) }
            total += UInt64(partial)
        }
        return total
    }

    /// The mean picture, planar CHW, 0...255.
    var mean: [Float] { sums.map { Float(Double($0) / Double(max(count, 1))) } }

    /// The components of the colours in [0, 1]; nil unless there are three channels.
    var colors: ColorComponents? {
        guard channels == 3, count > 0 else { return nil }
        let number = Double(count) * Double(area)
        let means = (0..<3).map { Double(sums[$0 * area..<($0 + 1) * area].reduce(0, +)) / number }
        var covariance = [[Double]](repeating: [0, 0, 0], count: 3)
        for ((first, second), product) in zip(Self.pairs, products) {
            let value = (Double(product) / number - means[first] * means[second]) / (255 * 255)
            (covariance[first][second], covariance[second][first]) = (value, value)
        }
        return ColorComponents(covariance: covariance)
    }
}
