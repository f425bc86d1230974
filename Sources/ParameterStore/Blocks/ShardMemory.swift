import Platform
package import Protocol
import Security
import Transport
package import Kernels
import NeuralNetwork
package import Partition
package import Tensors

/// The tensors of a shard: parameters in segments that workers have registered, and packed as they arrived for blocks that no worker has
/// registered yet; and the gradients of the attempt under way.
package struct ShardMemory {
    package typealias Key = ParameterBlock.Key

    var tree: GradientTree
    private let file: ShardFile
    private let network: [Key: ParameterBlock]
    private let exchange: Exchange
    private var segments: [Key: ParameterSegment] = [:]
    private var gradients: AttemptGradients
    /// Values and momentum.
    private var restored: [Key: [TensorBuffer?]] = [:]

    /// - Parameter file: Where parameters lie.
    package init(_ assignment: StoreAssignment, file: ShardFile) {
        self.file = file
        (tree, exchange) = (assignment.tree, assignment.configuration.recipe.exchange)
        gradients = AttemptGradients(attempt: 0, contributions: tree.contributions.count)
        network = Dictionary(uniqueKeysWithValues: assignment.network.map { ($0.key, $0) })
    }

    /// A block in a segment.
    package func block(_ key: Key) -> StoredBlock? { segments[key]?.blocks[key] }

    /// The contributions to a block's gradient in the attempt under way; nil while one of its workers has no memory for them.
    package func gradients(of key: Key) -> [TensorBuffer]? { gradients[key] }

    /// Where the first values of a block come from.
    /// - Parameter recovers: Whether an earlier process, or this one under an earlier coordinator, has left them.
    mutating func source(of key: Key, step: Int, recovers: Bool) -> FirstValues {
        if let packed = restored.removeValue(forKey: key) { return .packed(packed) }
        guard recovers else { return .drawn }
        if block(key)?.steps.present.contains(step) == true { return .present }
        return file.block(key, at: step).map { .elsewhere($0) } ?? .drawn
    }

    /// Frees the file's memory of blocks that lie elsewhere in it, now that every block has its values.
    func trim() {
        let regions = Dictionary(segments.values.map { ($0.region.offset, $0.region) }, uniquingKeysWith: { first, _ in first })
        file.removeRegions(except: Array(regions.values))
    }

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

    mutating func add(packed copies: [Key: [TensorBuffer?]]) { restored.merge(copies) { $1 } }

    // MARK: Segments

    /// The memory of a worker's tensors: of parameters, made when they are registered for the first time, and of gradients, made for this
    /// worker and attempt.
    /// - Parameters:
    ///   - contributions: Of the worker's replica.
    ///   - shared: Whether the worker is on this machine and maps the memory.
    /// - Throws: `WireError` where the tensors' layouts are not possible, or others than those of the worker before.
    package mutating func register(
        _ message: WireRegister, attempt: UInt32, contributions: Range<Int>, shared: Bool, engine: Engine
    ) throws -> WorkerMemory {
        let registered = try message.blocks.map { try entry($0) }
        let parameters = try parameters(of: registered, engine: engine)
        let own = try GradientSegment(registered, contributions: contributions, shared: shared)
        if gradients.attempt != attempt { gradients = AttemptGradients(attempt: attempt, contributions: tree.contributions.count) }
        gradients.add(own)
        return WorkerMemory(parameters: parameters, gradients: own)
    }

    private mutating func parameters(of registered: [RegisteredBlock], engine: Engine) throws -> ParameterSegment {
        guard let first = registered.first else { throw WireError(.malformed, "a worker registered no tensors") }
        if let known = segments[first.block.key] {
            guard known.isOf(registered) else {
                throw WireError(
                    .refused,
                    "a worker wants \(first.block.description) in another layout than the worker before it; the same "
                        + "bits need the same processor and library")
            }
            return known
        }
        let segment = try ParameterSegment(registered, in: file, tree: tree, engine: engine)
        for entry in registered { segments[entry.block.key] = segment }
        return segment
    }

    /// Frees the gradients of older attempts, when what is being computed from them is done.
    mutating func dropGradients(before attempt: UInt32) {
        guard gradients.attempt < attempt else { return }
        gradients = AttemptGradients(attempt: attempt, contributions: tree.contributions.count)
    }

    private func entry(_ registered: WireRegister.Block) throws -> RegisteredBlock {
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
        return RegisteredBlock(block: block, values: values, gradient: gradient, key: registered.key)
    }

    /// Drops blocks that another store holds from now on.
    mutating func giveAway(_ keys: [Key]) {
        for key in keys { (segments[key], restored[key]) = (nil, nil) }
    }

    /// Drops all segments.
    /// - Returns: Their blocks, in the order of their keys.
    mutating func giveUpSegments() -> [StoredBlock] {
        defer { (segments, gradients) = ([:], AttemptGradients(attempt: 0, contributions: tree.contributions.count)) }
        return segments.compactMap { $1.blocks[$0] }.sorted { $0.block.key < $1.block.key }
    }
}
