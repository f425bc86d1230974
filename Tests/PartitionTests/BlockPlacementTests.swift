import NeuralNetwork
import Partition
import Tensors
import Testing

/// Parameters are stored where they are used, in equal shares.
@Suite struct BlockPlacementTests {
    private let blocks: [ParameterBlock]

    init() throws { blocks = try Preset.named("alexnet").network.parameterBlocks() }

    private func placement(workers: Int, replicas: Int, hosts: [Int], withoutStore: Set<Int> = []) throws -> BlockPlacement {
        BlockPlacement(
            blocks, layout: try ColumnLayout(columns: 2, workers: workers, replicas: replicas), hosts: hosts,
            store: { withoutStore.contains($0) ? nil : $0 }, otherwise: { 100 + $0.column })
    }

    /// Returns the number of parameters of each store.
    private func counts(_ placement: BlockPlacement) -> [Int: Int] {
        Dictionary(blocks.map { (placement[$0.key]!, $0.shape.count) }, uniquingKeysWith: +)
    }

    @Test func aWorkersHostStoresItsColumns() throws {
        let placement = try placement(workers: 2, replicas: 1, hosts: [4, 7])
        for block in blocks { #expect(placement[block.key] == (block.key.column == 0 ? 4 : 7)) }
        #expect(Set(counts(try self.placement(workers: 4, replicas: 2, hosts: [3, 3, 3, 3])).keys) == [3])
    }

    @Test(arguments: [2, 4, 8]) func replicasShareTheirColumnsEvenly(replicas: Int) throws {
        // Both columns of a replica are on one host, so each block may be on any host.
        let together = counts(try placement(workers: 2 * replicas, replicas: replicas, hosts: (0..<2 * replicas).map { $0 / 2 }))
        let total = blocks.reduce(0) { $0 + $1.shape.count }
        #expect(together.count == replicas)
        // Blocks are not divided, and with eight hosts the largest block exceeds an equal share.
        let largest = blocks.map(\.shape.count).max()!
        #expect(together.values.max()! <= max(total / replicas * 11 / 10, largest))
        // Each worker is on its own host, so a block may be only on hosts of its column's workers.
        let apart = try placement(workers: 2 * replicas, replicas: replicas, hosts: Array(0..<2 * replicas))
        for block in blocks { #expect(apart[block.key]! % 2 == block.key.column) }
        #expect(counts(apart).count == 2 * replicas)
    }

    /// Three replicas are on one host and one on another. A block stored on the former crosses the link once each way, instead of three
    /// times.
    @Test func parametersAreStoredWhereMostOfTheirWorkersAre() throws {
        #expect(Set(counts(try placement(workers: 8, replicas: 4, hosts: [1, 1, 0, 0, 0, 0, 0, 0])).keys) == [0])
    }

    @Test func hostsWithoutAStoreGetNoBlocks() throws {
        let some = try placement(workers: 4, replicas: 2, hosts: [0, 1, 2, 3], withoutStore: [2])
        for block in blocks { #expect(block.key.column == 0 ? some[block.key] == 0 : [1, 3].contains(some[block.key]!)) }
        let none = try placement(workers: 2, replicas: 1, hosts: [0, 1], withoutStore: [0, 1])
        for block in blocks { #expect(none[block.key] == 100 + block.key.column) }
    }
}
