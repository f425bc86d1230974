import SwiftProtobuf

/// How a tensor's values lie between its smallest and its largest.
package struct WeightHistogram: Equatable {
    /// TensorBoard shows some thirty; tails of a distribution want finer ones.
    private static let bucketCount = 128

    package var (min, max) = (0.0, 0.0)
    package var (sum, sumOfSquares) = (0.0, 0.0)
    package var count = 0
    /// Right edges of the buckets, rising.
    package var limits: [Double] = []
    package var counts: [Double] = []

    /// Nil where no value is finite; values that are not are left out.
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
