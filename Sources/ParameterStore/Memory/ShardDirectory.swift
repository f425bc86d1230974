import Foundation
import Kernels
import NeuralNetwork
package import Partition

/// The table of contents of a shard's file: which blocks lie where, in which layouts. A pure value, as JSON in the file.
///
/// A shard's blocks lie in regions, one for each worker's columns. Each block has values, masters and momentum twice, for even and odd steps,
/// and two numbers that say which step each of the two belongs to.
package struct ShardDirectory: Codable, Equatable, Sendable {
    package struct Block: Codable, Equatable, Sendable {
        package var key: Key
        /// The layout of the values that kernels read.
        var values: Layout
        /// The layout of masters and momentum.
        var masters: Layout
        /// Offsets from the region's beginning, in bytes, for even and odd steps. Masters are the values where kernels read 32 bits.
        var valuesAt: [Int] = []
        var mastersAt: [Int] = []
        var momentumAt: [Int] = []
        /// The offset of the two steps.
        var stepsAt = 0
    }

    package struct Region: Codable, Equatable, Sendable {
        /// From the file's beginning, in bytes.
        package var offset: Int
        package var byteCount: Int
        package var blocks: [Block]

        package var end: Int { offset + byteCount }
    }

    package var regions: [Region] = []

    package init() {}

    /// Regions begin at a multiple of this, so that the system can use large pages.
    package static let alignment = 2 << 20

    /// Lays a region's buffers out, at the first place with room for it.
    /// - Parameters:
    ///   - sizes: The bytes of each block's values and masters.
    ///   - start: Where regions begin.
    package mutating func add(_ blocks: [Block], sizes: [(values: Int, masters: Int)], from start: Int) -> Region {
        var size = 0
        func reserve(_ bytes: Int) -> Int {
            defer { size += (bytes + 63) / 64 * 64 }
            return size
        }
        var placed: [Block] = []
        for (block, bytes) in zip(blocks, sizes) {
            var block = block
            block.stepsAt = reserve(16)
            block.valuesAt = [reserve(bytes.values), reserve(bytes.values)]
            block.mastersAt = block.values == block.masters ? block.valuesAt : [reserve(bytes.masters), reserve(bytes.masters)]
            block.momentumAt = [reserve(bytes.masters), reserve(bytes.masters)]
            placed.append(block)
        }
        let count = max(Self.aligned(size), Self.alignment)
        let region = Region(offset: room(for: count, from: start), byteCount: count, blocks: placed)
        regions.append(region)
        regions.sort { $0.offset < $1.offset }
        return region
    }

    private func room(for byteCount: Int, from start: Int) -> Int {
        var offset = Self.aligned(start)
        for region in regions {
            if region.offset - offset >= byteCount { break }
            offset = max(offset, Self.aligned(region.end))
        }
        return offset
    }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// Whether every buffer lies within its region, every region within the file, and no two regions share memory.
    package func isPossible(from start: Int, fileSize: Int) -> Bool {
        var end = start
        for region in regions {
            guard region.offset >= end, region.byteCount > 0, region.byteCount <= fileSize, region.offset <= fileSize - region.byteCount
            else { return false }
            end = region.end
            for block in region.blocks {
                guard let values = block.values.byteCount, let masters = block.masters.byteCount else { return false }
                func fits(_ offsets: [Int], _ bytes: Int) -> Bool {
                    offsets.count == 2 && offsets.allSatisfy { $0 >= 0 && $0 % 64 == 0 && bytes <= region.byteCount && $0 <= region.byteCount - bytes }
                }
                guard fits(block.valuesAt, values), fits(block.mastersAt, masters), fits(block.momentumAt, masters),
                    fits([block.stepsAt, block.stepsAt], 16)
                else { return false }
            }
        }
        return true
    }
}

extension ShardDirectory {
    /// A block's key.
    package struct Key: Codable, Hashable, Sendable {
        let layer, column, source: Int
        let isBias: Bool

        package init(_ key: ParameterBlock.Key) { (layer, column, source, isBias) = (key.layer, key.column, key.source, key.kind == .bias) }

        package var block: ParameterBlock.Key {
            ParameterBlock.Key(layer: layer, kind: isBias ? .bias : .weight, column: column, source: source)
        }
    }

    /// A tensor's layout.
    package struct Layout: Codable, Equatable, Sendable {
        let is16Bit: Bool
        let extents, paddedExtents, strides, innerBlocks, innerAxes: [Int]

        init(_ layout: BlockedLayout) {
            is16Bit = layout.type == .bfloat16
            (extents, paddedExtents, strides) = (layout.extents, layout.paddedExtents, layout.strides)
            (innerBlocks, innerAxes) = (layout.innerBlocks, layout.innerAxes)
        }

        var blocked: BlockedLayout {
            BlockedLayout(
                type: is16Bit ? .bfloat16 : .float32, extents: extents, paddedExtents: paddedExtents, strides: strides,
                innerBlocks: innerBlocks, innerAxes: innerAxes)
        }

        /// Nil where there is no such layout.
        var byteCount: Int? { (try? TensorLayout(blocked))?.byteCount }
    }
}
