import Foundation
import Interchange
import Testing

@Suite struct EventRecordTests {
    /// Test vectors of RFC 3720, B.4, and the standard check value.
    @Test(
        arguments: [
            (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C), ([], 0),
        ] as [([UInt8], UInt32)])
    func checksumsAreCRC32C(bytes: [UInt8], checksum: UInt32) { #expect(MaskedCRC32C.plain(bytes) == checksum) }

    @Test func aRecordIsFramedAsEveryEventFileBegins() {
        // A version record has 24 bytes. Every file that TensorFlow writes begins with these twelve.
        let record = EventRecord.framed([UInt8](repeating: 7, count: 24))
        #expect(Array(record[..<12]) == [0x18, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22])
        #expect(record.count == 24 + EventRecord.overhead && record[12..<36].allSatisfy { $0 == 7 })
        #expect(EventRecord.framed([]).count == EventRecord.overhead)
    }

    @Test func bucketsHoldEveryFiniteValue() throws {
        let values = (0..<10_000).map { Float(sin(Double($0)) * Double($0)) } + [.nan, .infinity]
        let histogram = try #require(values.withUnsafeBufferPointer(WeightHistogram.init))
        let finite = values.filter(\.isFinite)
        #expect(histogram.count == 10_000 && histogram.counts.reduce(0, +) == 10_000)
        #expect(histogram.min == finite.min().map(Double.init) && histogram.max == finite.max().map(Double.init))
        #expect(histogram.limits.last == histogram.max && zip(histogram.limits, histogram.limits.dropFirst()).allSatisfy { $0 < $1 })
        var below = 0.0
        for (limit, count) in zip(histogram.limits.dropLast(), histogram.counts) {
            below += count
            // A value at an edge may be in either bucket.
            let (low, high) = (finite.count { Double($0) < limit - 1e-9 }, finite.count { Double($0) <= limit + 1e-9 })
            #expect((low...high).contains(Int(below)))
        }
        let same = try #require([Float](repeating: 3, count: 5).withUnsafeBufferPointer(WeightHistogram.init))
        #expect(same.counts == [5] && same.limits == [3] && same.sumOfSquares == 45)
        #expect([Float.nan].withUnsafeBufferPointer(WeightHistogram.init) == nil)
    }

    @Test func aCurveHasNoMorePointsThanAsked() {
        for (points, steps) in [(1, 1), (10, 10), (10, 11), (10, 1000), (3, 7), (9_999, 1_000_000)] {
            var thinning = PointThinning(points: points, steps: steps)
            let kept = (1...steps).filter { thinning.keeps("step", step: $0) }
            #expect(kept.count <= points && kept.first == 1)
            #expect(kept.count * 2 > min(points, steps))
            let gaps = Set(zip(kept, kept.dropFirst()).map { $1 - $0 })
            #expect(gaps.count <= 1)
            // Each kind is thinned separately.
            let keepsAnother = thinning.keeps("validation", step: steps)
            #expect(keepsAnother)
        }
        var largest = PointThinning(points: .max, steps: .max)
        let keepsFirst = largest.keeps("step", step: .min)
        #expect(keepsFirst)
    }
}
