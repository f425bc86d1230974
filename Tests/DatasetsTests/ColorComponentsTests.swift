import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ColorComponentsTests {
    /// Packs one CIFAR batch of images with only the given colours, in equal numbers.
    private func components(_ colors: [[UInt8]]) throws -> ColorComponents? {
        let scratch = try Scratch()
        try Samples.cifar(scratch, "source", perBatch: 1)
        var record: [UInt8] = [0]
        for channel in 0..<3 { record += (0..<1024).map { colors[$0 % colors.count][channel] } }
        for batch in 1...5 { try scratch.write(record, to: "source/data_batch_\(batch).bin") }
        let report = try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        return report.manifest.colors
    }

    private func expect(_ actual: [Float], _ expected: [Double], tolerance: Double = 1e-6) {
        #expect(actual.count == expected.count)
        for (one, other) in zip(actual, expected) { #expect(abs(Double(one) - other) < tolerance) }
    }

    @Test func channelsThatVaryAloneAreTheComponents() throws {
        // Red is 0 or 51 (variance 0.1²), green 0 or 255 (0.5²), blue 0 or 102 (0.2²), all combinations.
        var colors: [[UInt8]] = []
        for red: UInt8 in [0, 51] {
            for green: UInt8 in [0, 255] { colors += [[red, green, 0], [red, green, 102]] }
        }
        let found = try #require(try components(colors))
        expect(found.eigenvalues, [0.25, 0.04, 0.01])
        expect(found.eigenvectors[0], [0, 0, 1])
        expect(found.eigenvectors[1], [1, 0, 0])
        expect(found.eigenvectors[2], [0, 1, 0])
    }

    @Test func oneAxisOfGreyHasOneComponent() throws {
        // Black and white: every entry of the covariance is 1/4, so λ = 3/4 along (1, 1, 1)/√3, and 0, 0.
        let found = try #require(try components([[0, 0, 0], [255, 255, 255]]))
        expect(found.eigenvalues, [0.75, 0, 0])
        for row in found.eigenvectors { #expect(abs(row[0] - Float(1 / 3.0.squareRoot())) < 1e-6) }
    }

    @Test func componentsMatchNumPy() throws {
        struct Golden: Decodable {
            let colors: [[UInt8]]
            let eigenvalues: [Double]
            let eigenvectors: [[Double]]
        }
        let path = try #require(Bundle.module.path(forResource: "Golden/components", ofType: "json"))
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let found = try #require(try components(golden.colors))
        expect(found.eigenvalues, golden.eigenvalues, tolerance: 1e-7)
        for (row, expected) in zip(found.eigenvectors, golden.eigenvectors) { expect(row, expected, tolerance: 1e-6) }
    }

    @Test func mixedChannelsSatisfyTheDefinition() throws {
        var noise = Noise(1)
        let colors = (0..<256).map { _ -> [UInt8] in
            let (a, b, c) = (noise.byte() / 4, noise.byte() / 4, noise.byte() / 8)
            return [a + b, a + 2 * (b / 2) + c, 200 - a + c]
        }
        let found = try #require(try components(colors))
        let (values, vectors) = (found.eigenvalues, found.eigenvectors)
        let planes = (0..<3).map { channel in colors.map { Double($0[channel]) / 255 } }
        let means = planes.map { $0.reduce(0, +) / 256 }
        for i in 0..<3 {
            for j in 0..<3 {
                var covariance = 0.0
                for (x, y) in zip(planes[i], planes[j]) { covariance += (x - means[i]) * (y - means[j]) / 256 }
                var rebuilt: Float = 0
                for component in 0..<3 {
                    rebuilt += values[component] * vectors[i][component] * vectors[j][component]
                }
                #expect(abs(covariance - Double(rebuilt)) < 1e-6)
            }
        }
        #expect(values == values.sorted(by: >))
        for component in 0..<3 {
            let column = vectors.map { $0[component] }
            #expect((column.max { abs($0) < abs($1) } ?? 0) > 0)
        }
    }
}
