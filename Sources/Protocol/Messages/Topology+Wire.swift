import NeuralNetwork
public import Partition
import Security

extension WireTopology {
    /// An upper bound on step numbers, more than any run has. Larger numbers are invalid, and arithmetic on them could
    /// overflow.
    public static let stepLimit: UInt64 = 1 << 40

    /// Sets the store of each block.
    /// - Parameter blocks: the network's blocks, in the order of their keys.
    public mutating func place(_ blocks: [ParameterBlock], _ placement: BlockPlacement) {
        storeOfBlock = blocks.map { UInt32(clamping: placement[$0.key] ?? 0) }
    }

    /// Returns the store of each block.
    /// - Parameter blocks: the network's blocks, in the order of their keys.
    /// - Throws: `WireError` if the message has another number of blocks, or names an unknown store.
    public func placement(of blocks: [ParameterBlock]) throws -> BlockPlacement {
        guard storeOfBlock.count == blocks.count, storeOfBlock.allSatisfy({ $0 < stores.count }) else {
            throw WireError(.malformed, "the topology is for another layout")
        }
        return BlockPlacement(Dictionary(uniqueKeysWithValues: zip(blocks.map(\.key), storeOfBlock.map { Int($0) })))
    }
}
