import Glibc
import Kernels
import NeuralNetwork
import ParameterStore
import Partition
import Protocol
import SwiftProtobuf
import Tensors
import Testing
import Transport

/// The memory of workers in a store.
@Suite struct ShardMemoryTests {
    private let engine: Engine
    private let network: [ParameterBlock]
    private let tree: GradientTree
    private let assignment: StoreAssignment

    init() throws {
        engine = try Engine()
        var recipe = Recipe()
        (recipe.batch, recipe.slices) = (4, 2)
        let configuration = RunConfiguration(
            network: NetworkSpecification(
                input: .init(channels: 1, height: 2, width: 2), columns: 1,
                layers: [
                    LayerSpecification("conv", .convolution(.init(kernels: 2, size: 1))),
                    LayerSpecification("fc", .innerProduct(.init(outputs: 2)), reads: .all),
                ]), recipe: recipe)
        let json = try configuration.json()
        assignment = try StoreAssignment(.with { ($0.run, $0.configuration, $0.workers, $0.replicas) = (1, json, 2, 2) })
        network = try configuration.network.parameterBlocks()
        tree = try GradientTree(slices: 2, replicas: 2)
    }

    private func registration() throws -> WireRegister {
        var message = WireRegister()
        message.blocks = try network.map { block in
            let blocked = try TensorLayout(plain: block.shape).blocked()
            func numbers(_ values: [Int]) -> [UInt64] { values.map { UInt64($0) } }
            let layout = WireRegister.Layout.with {
                ($0.extents, $0.paddedExtents) = (numbers(blocked.extents), numbers(blocked.paddedExtents))
                ($0.strides, $0.innerBlocks, $0.innerAxes) = (
                    numbers(blocked.strides), numbers(blocked.innerBlocks), numbers(blocked.innerAxes)
                )
            }
            return .with { ($0.key, $0.values, $0.gradient) = (block.key.wire, layout, layout) }
        }
        return message
    }

    private func register(_ memory: inout ShardMemory, replica: Int, attempt: UInt32, shared: Bool = true) throws -> WorkerMemory {
        try memory.register(
            registration(), attempt: attempt, contributions: tree.contributions(of: replica), shared: shared, engine: engine)
    }

    /// What a worker maps of its gradients.
    private func gradients(_ worker: WorkerMemory) throws -> SegmentWindow {
        let message = worker.announcement
        let window = try SegmentWindow(byteCount: Int(message.gradientBytes), access: .write)
        try window.show(ofProcess: getpid(), descriptor: Int32(message.gradientDescriptor), nonce: message.gradientNonce)
        return window
    }

    /// A worker that was stopped, declared failed, replaced and continued writes into the gradients of its own attempt.
    @Test func anEvictedWorkerWritesWhereNobodyReads() throws {
        var memory = ShardMemory(assignment, file: try ShardFile(MemoryFile()))
        let evicted = try register(&memory, replica: 0, attempt: 1)
        _ = try register(&memory, replica: 1, attempt: 1)
        let stale = try gradients(evicted)
        let successor = try register(&memory, replica: 0, attempt: 2)
        _ = try register(&memory, replica: 1, attempt: 2)
        let window = try gradients(successor)
        for place in successor.announcement.places {
            for byte in Int(place.gradients[0])..<Int(place.gradients[0]) + 4 { window.buffer.bytes[byte] = 1 }
        }
        // The kernel in which it was stopped goes on.
        for byte in stale.buffer.bytes.indices { stale.buffer.bytes[byte] = 0xFF }
        for block in network {
            let contributions = try #require(memory.gradients(of: block.key))
            #expect(contributions.count == 2)
            #expect(contributions[0].bytes.prefix(4).allSatisfy { $0 == 1 })
            #expect(contributions[0].bytes.dropFirst(4).allSatisfy { $0 == 0 })
            #expect(contributions[1].bytes.allSatisfy { $0 == 0 })
        }
    }

    /// What would go wrong where workers of one attempt shared memory: each writes its own contributions only.
    @Test func everyWorkerHasGradientsOfItsOwnInTheOrderOfContributions() throws {
        var memory = ShardMemory(assignment, file: try ShardFile(MemoryFile()))
        let first = try register(&memory, replica: 0, attempt: 1)
        #expect(memory.gradients(of: network[0].key) == nil, "the other replica has no memory yet")
        let second = try register(&memory, replica: 1, attempt: 1, shared: false)
        #expect(second.gradients.segment == nil)
        let window = try gradients(first)
        for byte in window.buffer.bytes.indices.dropFirst(4096) { window.buffer.bytes[byte] = 7 }
        let contributions = try #require(memory.gradients(of: network[0].key))
        #expect(contributions[0].bytes.allSatisfy { $0 == 7 })
        #expect(contributions[1].bytes.allSatisfy { $0 == 0 })
    }

    /// The next attempt continues on the same values, and nothing of its predecessor's gradients.
    @Test func valuesOutliveAttemptsAndGradientsDoNot() throws {
        var memory = ShardMemory(assignment, file: try ShardFile(MemoryFile()))
        let (old, new) = (try register(&memory, replica: 0, attempt: 1), try register(&memory, replica: 0, attempt: 2))
        #expect(old.announcement.nonce == new.announcement.nonce)
        #expect(old.announcement.descriptor == new.announcement.descriptor)
        #expect(old.announcement.gradientNonce != new.announcement.gradientNonce)
        // Kernels stay on their addresses: nothing lies elsewhere.
        #expect(old.announcement.places == new.announcement.places)
        #expect(old.announcement.gradientBytes == new.announcement.gradientBytes)
        _ = try register(&memory, replica: 1, attempt: 3)
        #expect(memory.gradients(of: network[0].key) == nil, "the gradients of attempt 2 are no longer anybody's")
    }
}
