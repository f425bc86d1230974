import SwiftProtobuf

/// A histogram of a tensor's values between the smallest and the largest.
package struct WeightHistogram: Equatable {
    /// TensorBoard displays some thirty buckets; the tails of a distribution need finer ones.
    private static let bucketCount = 128

    package var (min, max) = (0.0, 0.0)
    package var (sum, sumOfSquares) = (0.0, 0.0)
    package var count = 0
    /// The right edges of the buckets, in ascending order.
    package var limits: [Double] = []
    package var counts: [Double] = []

    /// Counts the finite values; nil if there are none.
    package init?(_ values: UnsafeBufferPointer<Float>) {
        var (low, high) = (Float.infinity, -Float.infinity)
        for value in values where value.isFinite {
            (low, high) = (Swift.min(low, value), Swift.max(high, value))
            sum += Double(value)
            sumOfSquares += Double(value) * Double(value)
            count += 1
        }
        guard count > 0 else { return nil }
        (min, max) = (Double(low), Double(high))
        guard max > min else {
            (limits, counts) = ([max], [Double(count)])
            return
        }
        let (last, scale) = (Self.bucketCount - 1, Double(Self.bucketCount) / (max - min))
        limits = (1...Self.bucketCount).map { $0 > last ? max : min + Double($0) / scale }
        counts = [Double](repeating: 0, count: Self.bucketCount)
        for value in values where value.isFinite {
            counts[Swift.min(last, Int((Double(value) - min) * scale))] += 1
        }
    }

    var message: TBHistogramProto {
        .with {
            ($0.min, $0.max, $0.num, $0.sum, $0.sumSquares) = (min, max, Double(count), sum, sumOfSquares)
            ($0.bucketLimit, $0.bucket) = (limits, counts)
        }
    }
}
