import Kernels
package import Partition
package import Tensors
import Transport

/// The memory of the blocks of one worker's columns in a shard's file.
package final class ShardRegion: @unchecked Sendable {
    /// From the file's beginning, in bytes.
    package let offset: Int
    /// The part at the beginning that workers map.
    package let valueBytes: Int
    /// The first eight bytes, by which a worker detects another segment.
    package let nonce: UInt64
    package let buffer: TensorBuffer
    package let blocks: [ParameterBlock.Key: BlockMemory]

    /// Maps a region.
    /// - Parameter isNew: Whether it gets a nonce of its own.
    init(_ region: ShardDirectory.Region, _ file: MemoryFile, isNew: Bool) throws {
        (offset, valueBytes) = (region.offset, region.valueBytes)
        buffer = try file.map(offset: region.offset, byteCount: region.byteCount)
        let number = SharedNumber(buffer, offset: 0)
        if isNew { number.value = UInt64.random(in: 1...UInt64.max) }
        nonce = number.value
        var blocks: [ParameterBlock.Key: BlockMemory] = [:]
        for block in region.blocks {
            let layouts = (try TensorLayout(block.values.blocked), try TensorLayout(block.masters.blocked))
            let buffer = buffer
            func pair(_ offsets: [Int], _ layout: TensorLayout) -> [TensorBuffer] {
                offsets.map { buffer.slice(offset: $0, byteCount: layout.byteCount) }
            }
            blocks[block.key.block] = BlockMemory(
                valuesAt: block.valuesAt, values: pair(block.valuesAt, layouts.0), masters: pair(block.mastersAt, layouts.1),
                momentum: pair(block.momentumAt, layouts.1), layout: layouts.1, steps: BlockSteps(buffer, offset: block.stepsAt))
        }
        self.blocks = blocks
    }
}

/// One block's buffers, for even and odd steps.
package struct BlockMemory: Sendable {
    /// Offsets of the values in the region, in bytes.
    let valuesAt: [Int]
    let values: [TensorBuffer]
    /// The same memory as the values where kernels read 32 bits.
    let masters: [TensorBuffer]
    let momentum: [TensorBuffer]
    /// The layout of masters and momentum.
    let layout: TensorLayout
    package let steps: BlockSteps
}

/// The steps that a block's even and odd buffers belong to, where the next process finds them.
package struct BlockSteps: Sendable {
    private let even, odd: SharedNumber

    init(_ buffer: TensorBuffer, offset: Int) {
        (even, odd) = (SharedNumber(buffer, offset: offset), SharedNumber(buffer, offset: offset + 8))
    }

    private func number(_ step: Int) -> SharedNumber { step & 1 == 0 ? even : odd }

    /// Marks a step's buffers as being written: what they held is gone.
    package func begin(_ step: Int) { number(step).value = 0 }

    /// Marks a step's buffers as whole.
    package func finish(_ step: Int) { number(step).value = UInt64(step) + 1 }

    package var present: Set<Int> { Set([even.value, odd.value].compactMap { $0 == 0 ? nil : Int(clamping: $0 - 1) }) }
}
