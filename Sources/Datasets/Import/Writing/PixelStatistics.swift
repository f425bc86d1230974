/// Integer sums over training images, from which the mean image and the covariance of colours are computed.
struct PixelStatistics {
    private let channels: Int
    private let area: Int
    private var count = 0
    private var sums: [UInt64]
    /// Sums of the latest images. 32-bit additions vectorize twice as wide; they are added to `sums` before they overflow.
    private var recent: [UInt32]
    private var recentCount = 0
    private static let recentLimit = Int(UInt32.max) / 255
    private var products = [UInt64](repeating: 0, count: 6)

    /// The pairs of channels whose products `products` sums.
    private static let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]

    init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        area = height * width
        sums = [UInt64](repeating: 0, count: channels * height * width)
        recent = [UInt32](repeating: 0, count: sums.count)
    }

    /// Adds an image, planar CHW.
    mutating func add(_ pixels: UnsafeRawBufferPointer) {
        precondition(pixels.count == sums.count)
        count += 1
        if recentCount == Self.recentLimit { flushRecent() }
        recentCount += 1
        recent.withUnsafeMutableBufferPointer { sums in
            guard let bytes = pixels.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            for i in 0..<sums.count { sums[i] &+= UInt32(bytes[i]) }
        }
        guard channels == 3 else { return }
        for (pair, (first, second)) in Self.pairs.enumerated() {
            products[pair] += Self.product(
                UnsafeRawBufferPointer(rebasing: pixels[first * area..<(first + 1) * area]),
                UnsafeRawBufferPointer(rebasing: pixels[second * area..<(second + 1) * area]))
        }
    }

    private mutating func flushRecent() {
        for i in sums.indices { sums[i] += UInt64(recent[i]) }
        recent = [UInt32](repeating: 0, count: recent.count)
        recentCount = 0
    }

    /// The sum of each pixel value over all images.
    private var totals: [UInt64] { zip(sums, recent).map { $0 + UInt64($1) } }

    /// Returns Σ a·b. The sum of 2^16 products of bytes fits in 32 bits, which vectorizes well.
    private static func product(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> UInt64 {
        guard let x = a.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let y = b.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return 0 }
        var total: UInt64 = 0
        for start in stride(from: 0, to: a.count, by: 1 << 16) {
            var partial: UInt32 = 0
            for i in start..<min(start + 1 << 16, a.count) { partial &+= UInt32(x[i]) &* UInt32(y[i]) }
            total += UInt64(partial)
        }
        return total
    }

    /// The mean image: planar CHW, values 0...255.
    var mean: [Float] { totals.map { Float(Double($0) / Double(max(count, 1))) } }

    /// The principal components of the colours, scaled to [0, 1]; nil unless there are three channels.
    var colors: ColorComponents? {
        guard channels == 3, count > 0 else { return nil }
        let number = Double(count) * Double(area)
        let totals = totals
        let means = (0..<3).map { Double(totals[$0 * area..<($0 + 1) * area].reduce(0, +)) / number }
        var covariance = [[Double]](repeating: [0, 0, 0], count: 3)
        for ((first, second), product) in zip(Self.pairs, products) {
            let value = (Double(product) / number - means[first] * means[second]) / (255 * 255)
            (covariance[first][second], covariance[second][first]) = (value, value)
        }
        return ColorComponents(covariance: covariance)
    }

    // MARK: Saving

    /// The state as little-endian 64-bit words: count, products, sums.
    var encoded: [UInt8] {
        ([UInt64(count)] + products + totals).flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    /// Decodes a saved state; nil unless `encoded` is of images of this size.
    init?(encoded: [UInt8], channels: Int, height: Int, width: Int) {
        self.init(channels: channels, height: height, width: width)
        guard encoded.count == 8 * (1 + products.count + sums.count) else { return nil }
        let words = encoded.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
            }
        }
        guard words[0] <= 1 << 40 else { return nil }
        count = Int(words[0])
        products = Array(words[1..<1 + products.count])
        sums = Array(words[(1 + products.count)...])
    }
}
