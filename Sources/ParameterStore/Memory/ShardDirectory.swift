import Transport

/// The table of contents of a shard's file: which blocks lie where, in which layouts. A pure value, as JSON in the file.
///
/// A shard's blocks lie in regions, one for each worker's columns. Each block has values, masters and momentum twice, for even and odd steps,
/// and two numbers that say which step each of the two belongs to.
package struct ShardDirectory: Codable, Equatable, Sendable {
    package typealias Key = StoredKey
    package typealias Layout = StoredLayout

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
        /// The part at the beginning that workers map.
        package var valueBytes: Int
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
        // A worker checks the first bytes.
        var size = SharedSegment.reserved
        func reserve(_ bytes: Int) -> Int {
            defer { size += (bytes + 63) / 64 * 64 }
            return size
        }
        var placed = blocks
        // Values come first: workers map no more than these.
        for index in placed.indices { placed[index].valuesAt = [reserve(sizes[index].values), reserve(sizes[index].values)] }
        let values = size
        for index in placed.indices {
            let bytes = sizes[index].masters
            placed[index].stepsAt = reserve(16)
            let isShared = placed[index].values == placed[index].masters
            placed[index].mastersAt = isShared ? placed[index].valuesAt : [reserve(bytes), reserve(bytes)]
            placed[index].momentumAt = [reserve(bytes), reserve(bytes)]
        }
        let count = Self.aligned(size)
        let region = Region(offset: room(for: count, from: start), byteCount: count, valueBytes: values, blocks: placed)
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
            guard region.offset >= end, region.byteCount > 0, region.byteCount <= fileSize,
                (SharedSegment.reserved...region.byteCount).contains(region.valueBytes), region.offset <= fileSize - region.byteCount
            else { return false }
            end = region.end
            for block in region.blocks {
                guard let values = block.values.byteCount, let masters = block.masters.byteCount else { return false }
                func fits(_ offsets: [Int], _ bytes: Int) -> Bool {
                    offsets.count == 2 && bytes <= region.byteCount
                        && offsets.allSatisfy { $0 >= 0 && $0 % 64 == 0 && $0 <= region.byteCount - bytes }
                }
                guard fits(block.valuesAt, values), fits(block.mastersAt, masters), fits(block.momentumAt, masters),
                    fits([block.stepsAt, block.stepsAt], 16)
                else { return false }
            }
        }
        return true
    }
}
