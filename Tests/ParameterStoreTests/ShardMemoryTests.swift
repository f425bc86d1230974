import Glibc
import ParameterStore
import Partition
import Protocol
import Tensors
import Testing
import Transport

/// The memory of workers in a store.
@Suite struct ShardMemoryTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture() }

    /// What a worker maps of its gradients.
    private func gradients(_ worker: WorkerMemory) throws -> SegmentWindow {
        let message = worker.announcement
        let window = try SegmentWindow(byteCount: Int(message.gradientBytes), access: .write)
        try window.show(ofProcess: getpid(), descriptor: Int32(message.gradientDescriptor), nonce: message.gradientNonce)
        return window
    }

    /// A worker that was stopped, declared failed, replaced and continued writes into the gradients of its own attempt.
    @Test func anEvictedWorkerWritesWhereNobodyReads() throws {
        var memory = ShardMemory(store.assignment, file: try ShardFile(MemoryFile()))
        let evicted = try store.register(&memory, replica: 0, attempt: 1)
        _ = try store.register(&memory, replica: 1, attempt: 1)
        let stale = try gradients(evicted)
        let successor = try store.register(&memory, replica: 0, attempt: 2)
        _ = try store.register(&memory, replica: 1, attempt: 2)
        let window = try gradients(successor)
        for place in successor.announcement.places {
            for byte in Int(place.gradients[0])..<Int(place.gradients[0]) + 4 { window.buffer.bytes[byte] = 1 }
        }
        // The kernel in which it was stopped goes on.
        for byte in stale.buffer.bytes.indices { stale.buffer.bytes[byte] = 0xFF }
        for block in store.network {
            let contributions = try #require(memory.gradients(of: block.key))
            #expect(contributions.count == 2)
            #expect(contributions[0].bytes.prefix(4).allSatisfy { $0 == 1 })
            #expect(contributions[0].bytes.dropFirst(4).allSatisfy { $0 == 0 })
            #expect(contributions[1].bytes.allSatisfy { $0 == 0 })
        }
    }

    /// What would go wrong where workers of one attempt shared memory: each writes its own contributions only.
    @Test func everyWorkerHasGradientsOfItsOwnInTheOrderOfContributions() throws {
        var memory = ShardMemory(store.assignment, file: try ShardFile(MemoryFile()))
        let first = try store.register(&memory, replica: 0, attempt: 1)
        #expect(memory.gradients(of: store.network[0].key) == nil, "the other replica has no memory yet")
        let second = try store.register(&memory, replica: 1, attempt: 1, shared: false)
        #expect(second.gradients.segment == nil)
        let window = try gradients(first)
        for byte in window.buffer.bytes.indices.dropFirst(4096) { window.buffer.bytes[byte] = 7 }
        let contributions = try #require(memory.gradients(of: store.network[0].key))
        #expect(contributions[0].bytes.allSatisfy { $0 == 7 })
        #expect(contributions[1].bytes.allSatisfy { $0 == 0 })
    }

    /// The next attempt continues on the same values, and nothing of its predecessor's gradients.
    @Test func valuesOutliveAttemptsAndGradientsDoNot() throws {
        var memory = ShardMemory(store.assignment, file: try ShardFile(MemoryFile()))
        let (old, new) = (try store.register(&memory, replica: 0, attempt: 1), try store.register(&memory, replica: 0, attempt: 2))
        #expect(old.announcement.nonce == new.announcement.nonce)
        #expect(old.announcement.descriptor == new.announcement.descriptor)
        #expect(old.announcement.gradientNonce != new.announcement.gradientNonce)
        // Kernels stay on their addresses: nothing lies elsewhere.
        #expect(old.announcement.places == new.announcement.places)
        #expect(old.announcement.gradientBytes == new.announcement.gradientBytes)
        _ = try store.register(&memory, replica: 1, attempt: 3)
        #expect(memory.gradients(of: store.network[0].key) == nil, "the gradients of attempt 2 are no longer anybody's")
    }
}
