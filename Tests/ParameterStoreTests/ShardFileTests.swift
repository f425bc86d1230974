import Glibc
import Kernels
import ParameterStore
import Partition
import Protocol
import Tensors
import Testing
import Transport

/// What a process that was killed leaves in its shard's file.
@Suite struct ShardFileTests {
    private let store: StoreFixture
    private let memory: MemoryFile

    init() throws { (store, memory) = (try StoreFixture(), try MemoryFile()) }

    /// The file as the next process opens it: by a descriptor that it is given.
    private func reopened() throws -> ShardFile { try ShardFile(MemoryFile(inherited: dup(memory.descriptor))) }

    private func registered(_ file: ShardFile, steps: [Int]) throws {
        var shard = ShardMemory(store.assignment, file: file)
        file.begin(run: 5)
        _ = try store.register(&shard, replica: 0, attempt: 3)
        for block in store.network {
            let stored = try #require(shard.block(block.key))
            for step in steps {
                stored.steps.begin(step)
                stored.values[step & 1].floats[0] = Float(step)
                stored.steps.finish(step)
            }
        }
        file.note(committed: steps.last ?? 0, attempt: 3)
    }

    @Test func theNextProcessFindsWhatWasWritten() throws {
        try registered(ShardFile(memory), steps: [6, 7])
        let file = try reopened()
        let offer = try #require(file.offer)
        #expect((offer.run, offer.attempt, offer.committed) == (5, 3, 7))
        #expect(offer.blocks.count == store.network.count && offer.blocks.allSatisfy { $0.steps == [6, 7] })
        // The same blocks in the same layouts lie in the same memory.
        var shard = ShardMemory(store.assignment, file: file)
        _ = try store.register(&shard, replica: 0, attempt: 4)
        let block = try #require(shard.block(store.network[0].key))
        #expect(block.values[7 & 1].floats[0] == 7 && block.values[6 & 1].floats[0] == 6)
    }

    @Test func aStepThatWasBeingWrittenIsNotOffered() throws {
        let file = try ShardFile(memory)
        try registered(file, steps: [6, 7])
        let key = store.network[0].key
        try #require(file.block(key, at: 6)).steps.begin(8)
        let next = try reopened()
        #expect(next.steps[key] == [7])
        #expect(next.block(key, at: 6) == nil && next.block(key, at: 8) == nil && next.block(key, at: 7) != nil)
    }

    @Test func anotherRunFindsNothing() throws {
        try registered(ShardFile(memory), steps: [1])
        let file = try reopened()
        file.begin(run: 6)
        #expect(file.steps == [:])
        #expect(try reopened().offer.map { $0.blocks.isEmpty && $0.run == 6 } == true)
    }

    /// Whatever bytes are in the file, a process that opens it does not crash, and begins an empty one if they make no sense.
    @Test func damagedFilesAreEmpty() throws {
        try registered(ShardFile(memory), steps: [6, 7])
        let header = try memory.map(offset: 0, byteCount: 1 << 16)
        var random = SystemRandomNumberGenerator()
        for offset in stride(from: 0, to: 6000, by: 8) {
            let before = header.bytes.load(fromByteOffset: offset, as: UInt64.self)
            header.bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            // A copy, because opening may clear it.
            let copy = try MemoryFile()
            try copy.grow(to: memory.byteCount)
            let target = try copy.map(offset: 0, byteCount: 1 << 16)
            withExtendedLifetime((target, header)) { target.bytes.copyMemory(from: UnsafeRawBufferPointer(header.bytes)) }
            _ = try ShardFile(copy).offer
            header.bytes.storeBytes(of: before, toByteOffset: offset, as: UInt64.self)
        }
        withExtendedLifetime(header) {}
        #expect(try reopened().offer?.committed == 7)
    }

    @Test func aDescriptorOfAnotherKindIsRefused() throws {
        let null = open("/dev/null", O_RDONLY)
        defer { close(null) }
        #expect(throws: (any Error).self) { try MemoryFile(inherited: null) }
        #expect(throws: (any Error).self) { try MemoryFile(inherited: 9999) }
    }
}
