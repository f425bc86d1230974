import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct BatchLoaderTests {
    private let settings = Samples.settings(
        crop: true, mirror: true, color: true, shuffle: true, height: 28, width: 28)

    /// Returns a loader, and another preparer of the same batches.
    private func makeLoader(batch: Int) throws -> (BatchLoader, BatchPreparer) {
        let dataset = try Samples.packedCIFAR(try Scratch())
        let preparer = try BatchPreparer(dataset: dataset, settings: settings)
        let loader = try BatchLoader(
            preparer: BatchPreparer(dataset: dataset, settings: settings), batch: batch, imageFloats: preparer.imageFloats)
        return (loader, preparer)
    }

    /// Compares a loader's batch with that of another preparer, because the loader's preparer belongs to its thread.
    private func expectEqual(_ loaded: LoadedBatch, _ preparer: BatchPreparer) throws {
        let expected = try Samples.batch(preparer, loaded.request)
        let isEqual = Array(loaded.images.floats[..<expected.images.count]) == expected.images
        #expect(isEqual)
        #expect(Array(loaded.labels) == expected.labels)
    }

    @Test func aLoaderDeliversThePreparersBatches() throws {
        let (loader, preparer) = try makeLoader(batch: 6)
        defer { loader.stop() }
        var used: [Int] = []
        for step in 0..<40 {
            let request = BatchRequest(split: .train, position: 6 * step, count: 6)
            let loaded = try loader.next(request)
            #expect(loaded.request == request)
            #expect(loaded.images === loader.buffers[loaded.index])
            loader.prefetch(BatchRequest(split: .train, position: 6 * (step + 1), count: 6))
            // The next batch is being prepared now, and must not touch this one.
            try expectEqual(loaded, preparer)
            used.append(loaded.index)
        }
        #expect(zip(used, used.dropFirst()).allSatisfy { $0 != $1 })
    }

    @Test func aBatchThatWasNotPrefetchedIsPreparedOnRequest() throws {
        let (loader, preparer) = try makeLoader(batch: 8)
        defer { loader.stop() }
        let requests = [(Split.train, 0, 8), (.validation, 0, 3), (.train, 8, 8), (.train, 8, 8), (.train, 200, 5)]
        for (split, position, count) in requests {
            // A prefetched batch that is not requested is discarded.
            loader.prefetch(BatchRequest(split: .train, position: 1000 + position, count: 8))
            try expectEqual(try loader.next(BatchRequest(split: split, position: position, count: count)), preparer)
        }
    }

    @Test func aStoppedLoaderStillPreparesBatches() throws {
        let (loader, preparer) = try makeLoader(batch: 4)
        let first = BatchRequest(split: .train, position: 0, count: 4)
        try expectEqual(try loader.next(first), preparer)
        loader.prefetch(BatchRequest(split: .train, position: 4, count: 4))
        loader.stop()
        for position in [4, 8, 0] {
            try expectEqual(try loader.next(BatchRequest(split: .train, position: position, count: 4)), preparer)
        }
        loader.stop()
    }
}
