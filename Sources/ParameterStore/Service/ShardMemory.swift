import Kernels
import NeuralNetwork
import Partition
import Protocol
import Security
import Tensors

/// The tensors of a shard and who uses them. Segments stay when a worker is lost: the one that takes its place, on the
/// same columns, maps the same memory, as do the workers of other replicas.
struct ShardMemory {
    /// The blocks that this shard keeps.
    private(set) var expected: [ParameterBlock.Key: ParameterBlock]
    private(set) var segments: [StoreSegment] = []
    private var owners: [ParameterBlock.Key: StoreSegment] = [:]
    private var initialized: Set<ObjectIdentifier> = []
    private let tree: GradientTree
    private let exchange: Exchange

    init(_ blocks: [ParameterBlock], tree: GradientTree, exchange: Exchange) {
        expected = Dictionary(uniqueKeysWithValues: blocks.map { ($0.key, $0) })
        (self.tree, self.exchange) = (tree, exchange)
    }

    func segment(of key: ParameterBlock.Key) -> StoreSegment? { owners[key] }

    func block(_ key: ParameterBlock.Key) -> StoredBlock? { owners[key]?.blocks[key] }

    /// Every block, in the order of their keys.
    var blocks: [StoredBlock] { owners.compactMap { $1.blocks[$0] }.sorted { $0.block.key < $1.block.key } }

    func hasValues(_ segment: StoreSegment) -> Bool { initialized.contains(ObjectIdentifier(segment)) }

    /// Whether every tensor of the shard has values.
    var isComplete: Bool { owners.count == expected.count && segments.allSatisfy(hasValues) }

    mutating func setInitialized(_ segment: StoreSegment) { initialized.insert(ObjectIdentifier(segment)) }

    /// What another shard keeps from now on.
    mutating func giveAway(_ keys: Set<ParameterBlock.Key>) {
        expected = expected.filter { !keys.contains($0.key) }
        owners = owners.filter { !keys.contains($0.key) }
    }

    /// The memory of a worker's tensors, made when they are registered for the first time.
    /// - Returns: the segment, and whether it is new.
    mutating func register(_ message: WireRegister, engine: Engine) throws -> (StoreSegment, isNew: Bool) {
        var entries: [StoreSegment.Entry] = []
        for registered in message.blocks {
            guard let block = expected[.init(registered.key)] else {
                throw WireError(.malformed, "a worker registered a tensor that this store does not keep")
            }
            let (values, gradient) = (
                try TensorLayout(BlockedLayout(registered.values)), try TensorLayout(BlockedLayout(registered.gradient))
            )
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
            entries.append(.init(block: block, values: values, gradient: gradient, key: registered.key))
        }
        guard let first = entries.first else { throw WireError(.malformed, "a worker registered no tensors") }
        if let known = owners[first.block.key] {
            guard known.isOf(entries) else {
                throw WireError(
                    .refused,
                    "a worker wants \(first.block.description) in another layout than the worker before it; the same "
                        + "bits need the same processor and library")
            }
            return (known, false)
        }
        guard !entries.contains(where: { owners[$0.block.key] != nil }) else {
            throw WireError(.malformed, "a worker registered a tensor of another worker")
        }
        let segment = try StoreSegment(entries, tree: tree, engine: engine)
        segments.append(segment)
        for entry in entries { owners[entry.block.key] = segment }
        return (segment, true)
    }
}
