import Kernels
import Partition
import Tensors
import Transport

/// The parameters of one worker's columns: a region of the shard's file with every block's two values, which workers map to read only, and with
/// masters and momentum, which they do not see.
///
/// It stays when a worker fails: the one that takes its place, on the same columns, maps the same memory, as do the workers of other replicas.
/// What workers write lies elsewhere, in a `GradientSegment` of each worker and attempt.
package final class ParameterSegment: @unchecked Sendable {
    package let region: ShardRegion
    /// The file's descriptor in this process.
    package let descriptor: Int32
    let blocks: [ParameterBlock.Key: StoredBlock]
    let registered: [RegisteredBlock]
    /// Where values of even and odd steps lie, in bytes from the region's beginning, in the order of `registered`.
    let places: [(even: Int, odd: Int)]

    /// Takes the region that an earlier process, or a worker before, has left for the same blocks, or makes one.
    init(_ registered: [RegisteredBlock], in file: ShardFile, tree: GradientTree, engine: Engine) throws {
        self.registered = registered
        descriptor = file.file.descriptor
        let described = try registered.map { entry in
            ShardDirectory.Block(
                key: .init(entry.block.key), values: .init(try entry.values.blocked()),
                masters: .init(try entry.gradient.of(.float32).blocked()))
        }
        let sizes = registered.map { (values: $0.values.byteCount, masters: $0.gradient.of(.float32).byteCount) }
        region = try file.region(of: described) ?? file.makeRegion(described, sizes: sizes)
        var blocks: [ParameterBlock.Key: StoredBlock] = [:]
        var places: [(even: Int, odd: Int)] = []
        for entry in registered {
            guard let memory = region.blocks[entry.block.key] else { continue }
            places.append((memory.valuesAt[0], memory.valuesAt[1]))
            blocks[entry.block.key] = try StoredBlock(
                entry.block, memory, valueLayout: entry.values, sum: GradientSum(of: entry.gradient.type, additions: tree.additions),
                engine: engine)
        }
        (self.blocks, self.places) = (blocks, places)
    }

    var byteCount: Int { region.valueBytes }

    /// Whether the same tensors are asked for in the same layouts.
    func isOf(_ others: [RegisteredBlock]) -> Bool {
        others.count == registered.count && zip(others, registered).allSatisfy { $0.isAlike($1) }
    }
}
