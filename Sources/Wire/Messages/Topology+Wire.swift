import NeuralNetwork
public import Partition

extension WireTopology {
    /// No run has as many steps; a larger number is no step, and reckoning with it could overflow.
    public static let stepLimit: UInt64 = 1 << 40

    /// Says which store keeps which block.
    /// - Parameter blocks: of the network, in the order of their keys.
    public mutating func place(_ blocks: [ParameterBlock], _ placement: BlockPlacement) {
        storeOfBlock = blocks.map { UInt32(clamping: placement[$0.key] ?? 0) }
    }

    /// Which store keeps which block.
    /// - Throws: where the message is of another network, or names a store that there is not.
    public func placement(of blocks: [ParameterBlock]) throws -> BlockPlacement {
        guard storeOfBlock.count == blocks.count, storeOfBlock.allSatisfy({ $0 < stores.count }) else {
            throw WireError(.malformed, "a topology for another layout")
        }
        return BlockPlacement(Dictionary(uniqueKeysWithValues: zip(blocks.map(\.key), storeOfBlock.map { Int($0) })))
    }
}
