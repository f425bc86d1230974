import Platform
import Protocol
import Security
import Transport
import Kernels
import NeuralNetwork
import Partition
import Tensors

/// The tensors of a shard: in segments that workers have registered, and packed as they arrived for blocks that no worker has registered yet.
///
/// Segments stay when a worker fails: its replacement, which has the same columns, maps the same memory, as do the workers of other
/// replicas.
struct ShardMemory {
    typealias Key = ParameterBlock.Key

    var tree: GradientTree
    private let network: [Key: ParameterBlock]
    private let exchange: Exchange
    private var segments: [Key: StoreSegment] = [:]
    /// Values and momentum.
    private var restored: [Key: [TensorBuffer?]] = [:]

    init(_ assignment: StoreAssignment) {
        (tree, exchange) = (assignment.tree, assignment.configuration.recipe.exchange)
        network = Dictionary(uniqueKeysWithValues: assignment.network.map { ($0.key, $0) })
    }

    /// A block in a segment.
    func block(_ key: Key) -> StoredBlock? { segments[key]?.blocks[key] }

    // MARK: Packed values

    /// Memory for values or momentum that are about to arrive; nil where the network has no such block.
    mutating func makeRoom(for key: Key, isMomentum: Bool) throws -> UnsafeMutableRawBufferPointer? {
        guard let block = network[key] else { return nil }
        let buffer = try TensorBuffer.allocate(floats: block.shape.count)
        restored[key, default: [nil, nil]][isMomentum ? 1 : 0] = buffer
        return UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(block.shape.count * 4)])
    }

    /// The packed values and momentum of a block.
    func packed(_ key: Key) -> (block: ParameterBlock, parts: [TensorBuffer?])? {
        guard let block = network[key], let parts = restored[key] else { return nil }
        return (block, parts)
    }

    mutating func takePacked(_ key: Key) -> [TensorBuffer?]? { restored.removeValue(forKey: key) }

    mutating func add(packed copies: [Key: [TensorBuffer?]]) { restored.merge(copies) { $1 } }

    // MARK: Segments

    /// The memory of a worker's tensors, made when they are registered for the first time.
    /// - Throws: `WireError` where the tensors' layouts are not possible, or others than those of the worker before.
    mutating func register(_ message: WireRegister, engine: Engine) throws -> StoreSegment {
        let entries = try message.blocks.map { try entry($0) }
        guard let first = entries.first else { throw WireError(.malformed, "a worker registered no tensors") }
        if let known = segments[first.block.key] {
            guard known.isOf(entries) else {
                throw WireError(
                    .refused,
                    "a worker wants \(first.block.description) in another layout than the worker before it; the same "
                        + "bits need the same processor and library")
            }
            return known
        }
        let segment = try StoreSegment(entries, tree: tree, engine: engine)
        for entry in entries { segments[entry.block.key] = segment }
        return segment
    }

    private func entry(_ registered: WireRegister.Block) throws -> StoreSegment.Entry {
        guard let block = network[Key(registered.key)] else {
            throw WireError(.malformed, "a worker registered a tensor that this store does not hold")
        }
        let (values, gradient) = (try TensorLayout(BlockedLayout(registered.values)), try TensorLayout(BlockedLayout(registered.gradient)))
        // Kernels pad to blocks of at most 64, and leave no gaps: memory is bounded by the network's own sizes.
        for layout in [BlockedLayout(registered.values), BlockedLayout(registered.gradient)] {
            let isDense = try TensorLayout(layout).byteCount <= layout.paddedExtents.reduce(layout.type.byteCount, *)
            guard isDense, zip(layout.paddedExtents, layout.extents).allSatisfy({ $0 < $1 + 64 }) else {
                throw WireError(.malformed, "\(block.description) was registered with more memory than it needs")
            }
        }
        guard values.shape == gradient.shape, values.shape.count == block.shape.count,
            gradient.type == exchange.elements(of: block.key.kind)
        else {
            throw WireError(.malformed, "\(block.description) was registered as \(values.shape)")
        }
        return StoreSegment.Entry(block: block, values: values, gradient: gradient, key: registered.key)
    }

    /// Drops blocks that another store holds from now on.
    mutating func giveAway(_ keys: [Key]) {
        for key in keys { (segments[key], restored[key]) = (nil, nil) }
    }

    /// Drops all segments.
    /// - Returns: Their blocks, in the order of their keys.
    mutating func giveUpSegments() -> [StoredBlock] {
        defer { segments = [:] }
        return segments.compactMap { $1.blocks[$0] }.sorted { $0.block.key < $1.block.key }
    }
}
