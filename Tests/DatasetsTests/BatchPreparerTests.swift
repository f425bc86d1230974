import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct BatchPreparerTests {
    /// The reference implementation: plain loops over the stored bytes.
    private func reference(
        _ dataset: Dataset, _ split: Split, _ index: Int, top: Int, left: Int, mirrored: Bool, shift: [Float],
        height: Int, width: Int
    ) throws -> [Float] {
        let pixels = try Samples.pixels(dataset, split, index)
        return (0..<3).flatMap { channel in
            (0..<height).flatMap { row in
                (0..<width).map { column in
                    let x = left + (mirrored ? width - 1 - column : column)
                    let place = (channel * 32 + top + row) * 32 + x
                    return Float(pixels[place]) - dataset.mean[place] + shift[channel]
                }
            }
        }
    }

    @Test func withoutDrawsABatchIsStoredImagesLessTheMean() throws {
        let dataset = try Samples.packedCIFAR(try Scratch())
        let preparer = try BatchPreparer(dataset: dataset, settings: Samples.settings(height: 24, width: 20))
        let batch = try Samples.batch(preparer, BatchRequest(split: .train, position: 18, count: 4))
        // There are 20 training images, so the batch extends over the end of the epoch.
        for (place, index) in [18, 19, 0, 1].enumerated() {
            let expected = try reference(
                dataset, .train, index, top: 4, left: 6, mirrored: false, shift: [0, 0, 0], height: 24, width: 20)
            let isEqual = Array(batch.images[place * 1440..<(place + 1) * 1440]) == expected
            #expect(isEqual)
            #expect(batch.labels[place] == Int32(dataset.label(.train, index)))
        }
    }

    /// Labels are indices into kernels' memory. The file is mapped, so that what changes in it after it was checked would be read.
    @Test(arguments: [10, 1 << 31, Int(UInt32.max)]) func aLabelThatChangesWhileTheDataIsInUseIsAnError(label: Int) throws {
        let scratch = try Scratch()
        let dataset = try Samples.packedCIFAR(scratch)
        let preparer = try BatchPreparer(dataset: dataset, settings: Samples.settings())
        let request = BatchRequest(split: .train, position: 0, count: 4)
        _ = try Samples.batch(preparer, request)
        // The index ends with 24 bytes for each of the 20 records, of which the label is at 12.
        let name = try #require(try scratch.names("packed").first { $0.hasPrefix("train") && $0.hasSuffix(".index") })
        let handle = try #require(FileHandle(forUpdatingAtPath: scratch("packed/\(name)")))
        try handle.seek(toOffset: handle.seekToEnd() - 20 * 24 + 24 * 2 + 12)
        try handle.write(contentsOf: withUnsafeBytes(of: UInt32(label).littleEndian) { Data($0) })
        try handle.close()
        let error = #expect(throws: DatasetError.self) { try Samples.batch(preparer, request) }
        #expect(error.map { "\($0)".contains("record 2 has label \(label)") } == true)
    }

    @Test func everyDrawIsAsDocumented() throws {
        let dataset = try Samples.packedCIFAR(try Scratch())
        let settings = Samples.settings(
            crop: true, mirror: true, color: true, shuffle: true, height: 27, width: 25, seed: 99)
        let preparer = try BatchPreparer(dataset: dataset, settings: settings)
        let batch = try Samples.batch(preparer, BatchRequest(split: .train, position: 15, count: 30))
        let draws = RandomDraws(seed: 99)
        let colors = try #require(dataset.manifest.colors)
        var (places, mirrors) = (Set<[Int]>(), Set<Bool>())
        for i in 0..<30 {
            let epoch = (15 + i) / 20
            let image = Int(draws.permutation(count: 20, epoch: epoch)[(15 + i) % 20])
            let crop = draws.words(.crop, UInt64(epoch), UInt64(image))
            let (top, left) = (RandomDraws.integer(crop.0, below: 6), RandomDraws.integer(crop.1, below: 8))
            let mirrored = draws.words(.mirror, UInt64(epoch), UInt64(image)).0 >> 31 == 1
            let normals = RandomDraws.normals(draws.words(.color, UInt64(epoch), UInt64(image)))
            let alphas = [0.1 * normals.0, 0.1 * normals.1, 0.1 * normals.2]
            var shift: [Float] = [0, 0, 0]
            for channel in 0..<3 {
                for component in 0..<3 {
                    let weight = alphas[component] * colors.eigenvalues[component]
                    shift[channel] += 255 * colors.eigenvectors[channel][component] * weight
                }
            }
            let expected = try reference(
                dataset, .train, image, top: top, left: left, mirrored: mirrored, shift: shift, height: 27, width: 25)
            let actual = batch.images[i * 2025..<(i + 1) * 2025]
            let isClose = zip(actual, expected).allSatisfy { abs($0 - $1) < 1e-4 }
            #expect(isClose, "image \(i)")
            #expect(batch.labels[i] == Int32(dataset.label(.train, image)))
            places.insert([top, left])
            mirrors.insert(mirrored)
        }
        #expect(places.count > 10 && mirrors.count == 2)
    }

    @Test func batchesDependOnlyOnTheirRequest() throws {
        let scratch = try Scratch()
        let settings = Samples.settings(crop: true, mirror: true, color: true, shuffle: true, height: 28, width: 28)
        let first = try BatchPreparer(dataset: Samples.packedCIFAR(scratch), settings: settings)
        let second = try BatchPreparer(dataset: Dataset(path: scratch("packed")), settings: settings)
        let requests = (0..<12).map { BatchRequest(split: .train, position: 7 * $0, count: 7) }
        let forward = try requests.map { try Samples.batch(first, $0) }
        let backward = try requests.reversed().map { try Samples.batch(second, $0) }
        for (one, other) in zip(forward, backward.reversed()) {
            let isEqual = one.images == other.images && one.labels == other.labels
            #expect(isEqual)
        }
        var reseeded = settings
        reseeded.seed += 1
        let third = try BatchPreparer(dataset: first.dataset, settings: reseeded)
        let isOther = try Samples.batch(third, requests[0]).images != forward[0].images
        #expect(isOther)
    }

    @Test func anEpochShowsEveryImageOnceAndTheNextInAnotherOrder() throws {
        let dataset = try Samples.packedCIFAR(try Scratch(), perBatch: 6)
        let preparer = try BatchPreparer(dataset: dataset, settings: Samples.settings(shuffle: true))
        let plain = try BatchPreparer(dataset: dataset, settings: Samples.settings())
        func images(_ preparer: BatchPreparer, from start: Int) throws -> [[Float]] {
            try stride(from: start, to: start + 30, by: 10).flatMap { position in
                let images = try Samples.batch(preparer, BatchRequest(split: .train, position: position, count: 10)).images
                return (0..<10).map { Array(images[$0 * 3072..<($0 + 1) * 3072]) }
            }
        }
        let stored = try images(plain, from: 0)
        let (first, second) = (try images(preparer, from: 0), try images(preparer, from: 30))
        let distinct = Set(stored).count
        #expect(distinct == 30)
        let isWhole = [Set(first) == Set(stored), Set(second) == Set(stored)]
        #expect(isWhole == [true, true])
        let isReordered = [first != stored, first != second]
        #expect(isReordered == [true, true])
        let isRepeated = try images(plain, from: 30) == stored
        #expect(isRepeated)
    }

    @Test func validationIsTheCentreAndZerosBeyondTheEnd() throws {
        let dataset = try Samples.packedCIFAR(try Scratch(), test: 3)
        let settings = Samples.settings(crop: true, mirror: true, color: true, shuffle: true, height: 24, width: 24)
        let preparer = try BatchPreparer(dataset: dataset, settings: settings)
        let batch = try Samples.batch(preparer, BatchRequest(split: .validation, position: 1, count: 4))
        for (place, index) in [1, 2].enumerated() {
            let expected = try reference(
                dataset, .validation, index, top: 4, left: 4, mirrored: false, shift: [0, 0, 0], height: 24, width: 24)
            let isEqual = Array(batch.images[place * 1728..<(place + 1) * 1728]) == expected
            #expect(isEqual)
        }
        #expect(batch.images[2 * 1728..<4 * 1728].allSatisfy { $0 == 0 })
        #expect(batch.labels == [1, 2, 0, 0])
    }

    @Test func tenPatchesAreCornersCentreAndMirrors() throws {
        let dataset = try Samples.packedCIFAR(try Scratch())
        let renderer = try PatchRenderer(mean: dataset.mean, stored: [3, 32, 32], height: 28, width: 26)
        let places = [(0, 0), (0, 6), (4, 0), (4, 6), (2, 3)]
        #expect(Patch.ten.count == 10 && Patch.eighteen.count == 18)
        let pixels = try Samples.pixels(dataset, .validation, 2)
        for (number, patch) in Patch.ten.enumerated() {
            var image = [Float](repeating: .nan, count: renderer.imageFloats)
            try image.withUnsafeMutableBufferPointer { try renderer.render(pixels: pixels, patch: patch, image: $0) }
            let (top, left) = places[number % 5]
            let expected = try reference(
                dataset, .validation, 2, top: top, left: left, mirrored: number >= 5, shift: [0, 0, 0], height: 28,
                width: 26)
            let isEqual = image == expected
            #expect(isEqual, "patch \(number)")
        }
    }

    @Test func aNetworkThatDoesNotFitIsRejectedWithBothSizes() throws {
        let dataset = try Samples.packedCIFAR(try Scratch())
        let large = #expect(throws: DatasetError.self) {
            try BatchPreparer(dataset: dataset, settings: Samples.settings(height: 33, width: 30))
        }
        #expect(large?.description.contains("33×30") == true && large?.description.contains("32×32") == true)
        #expect(throws: DatasetError.self) {
            try BatchPreparer(dataset: dataset, settings: Samples.settings(channels: 1))
        }
    }
}
