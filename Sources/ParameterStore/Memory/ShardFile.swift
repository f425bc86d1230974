import Foundation
import Security
package import Partition
import Tensors
package import Transport

/// The file in memory in which a shard's state lies, so that it outlives the process: a header, the directory of what lies where, and the
/// regions. Whoever is killed at any instant leaves a file whose last committed step is whole.
///
/// The header's first page has eight numbers. Two slots for the directory follow, which are written in turn: the header names the one that
/// counts. Of a block the two steps say which step its even and its odd buffers belong to; a step is 0 while its buffer is being written, and
/// step N's number is N + 1.
package final class ShardFile: @unchecked Sendable {
    private enum Field: Int {
        case magic, version, run, attempt, committed, generation

        var offset: Int { 8 * rawValue }
    }

    private static let magic: UInt64 = 0x6564_616E_6E6F_6C6F
    private static let version: UInt64 = 1
    private static let page = 4096
    private static let slot = 4 << 20
    /// Where regions begin.
    package static let headerSize = 16 << 20

    package let file: MemoryFile
    private let header: TensorBuffer
    private var directory = ShardDirectory()
    /// Mapped regions, by their offsets.
    private var mapped: [Int: ShardRegion] = [:]

    /// Opens a file, with what an earlier process left in it if that is whole; otherwise begins an empty one.
    package init(_ file: MemoryFile) throws {
        self.file = file
        try file.grow(to: Self.headerSize)
        header = try file.map(offset: 0, byteCount: Self.headerSize)
        guard number(.magic).value == Self.magic, number(.version).value == Self.version, let found = readDirectory(),
            found.isPossible(from: Self.headerSize, fileSize: file.byteCount)
        else {
            clear()
            return
        }
        directory = found
    }

    private func number(_ field: Field) -> SharedNumber { SharedNumber(header, offset: field.offset) }

    // MARK: What is there

    /// The run whose state this is; 0 for none.
    package var run: UInt64 { number(.run).value }
    package var attempt: UInt32 { UInt32(truncatingIfNeeded: number(.attempt).value) }
    /// The last step that is known to be committed.
    package var committed: Int { Int(clamping: number(.committed).value) }

    /// Steps of which each block has values and momentum.
    package var steps: [ParameterBlock.Key: Set<Int>] {
        var all: [ParameterBlock.Key: Set<Int>] = [:]
        for region in directory.regions {
            guard let mapped = try? map(region) else { continue }
            for (key, memory) in mapped.blocks { all[key, default: []].formUnion(memory.steps.present) }
        }
        return all
    }

    /// The memory of a block that has a step.
    package func block(_ key: ParameterBlock.Key, at step: Int) -> BlockMemory? {
        for region in directory.regions where region.blocks.contains(where: { $0.key.block == key }) {
            if let memory = try? map(region).blocks[key], memory.steps.present.contains(step) { return memory }
        }
        return nil
    }

    // MARK: Changes

    /// Forgets everything.
    package func clear() {
        for region in directory.regions { file.discard(offset: region.offset, byteCount: region.byteCount) }
        (directory, mapped) = (ShardDirectory(), [:])
        for field in [Field.magic, .run, .attempt, .committed, .generation] { number(field).value = 0 }
        number(.version).value = Self.version
        writeDirectory()
        number(.magic).value = Self.magic
    }

    /// Begins a run's state, without anything of another run.
    package func begin(run: UInt64) {
        guard self.run != run else { return }
        clear()
        number(.run).value = run
    }

    package func note(committed: Int, attempt: UInt32) {
        number(.committed).value = UInt64(committed)
        number(.attempt).value = UInt64(attempt)
    }

    /// The region of these blocks in these layouts that is there already.
    package func region(of blocks: [ShardDirectory.Block]) -> ShardRegion? {
        let found = directory.regions.first { region in
            region.blocks.count == blocks.count
                && zip(region.blocks, blocks).allSatisfy { ($0.key, $0.values, $0.masters) == ($1.key, $1.values, $1.masters) }
        }
        return found.flatMap { try? map($0) }
    }

    /// Makes a region for blocks.
    /// - Throws: `WireError` where there is no memory.
    package func makeRegion(_ blocks: [ShardDirectory.Block], sizes: [(values: Int, masters: Int)]) throws -> ShardRegion {
        let before = directory
        let region = directory.add(blocks, sizes: sizes, from: Self.headerSize)
        do {
            try file.grow(to: region.end)
            guard directory.isPossible(from: Self.headerSize, fileSize: file.byteCount) else {
                throw WireError(.malformed, "blocks whose sizes differ from their layouts'")
            }
            let made = try ShardRegion(region, file, isNew: true)
            mapped[region.offset] = made
            writeDirectory()
            return made
        } catch {
            directory = before
            throw error
        }
    }

    /// Removes regions all of whose blocks lie in another, newer region with this step, or belong to another store.
    /// - Parameter kept: The regions that are in use.
    package func removeRegions(except kept: [ShardRegion]) {
        let offsets = Set(kept.map(\.offset))
        let removed = directory.regions.filter { !offsets.contains($0.offset) }
        guard !removed.isEmpty else { return }
        directory.regions.removeAll { !offsets.contains($0.offset) }
        writeDirectory()
        for region in removed {
            mapped[region.offset] = nil
            file.discard(offset: region.offset, byteCount: region.byteCount)
        }
    }

    private func map(_ region: ShardDirectory.Region) throws -> ShardRegion {
        if let known = mapped[region.offset] { return known }
        let made = try ShardRegion(region, file, isNew: false)
        mapped[region.offset] = made
        return made
    }

    // MARK: The directory

    private func slot(_ generation: UInt64) -> Int { Self.page + (generation & 1 == 0 ? 0 : Self.slot) }

    private func writeDirectory() {
        let next = number(.generation).value + 1
        // A directory always has a form as JSON. One that finds no room is as if the process had been killed: nothing is recovered.
        guard let data = try? JSONEncoder().encode(directory), data.count <= Self.slot - 16 else { return }
        let start = slot(next)
        data.withUnsafeBytes { header.bytes[(start + 16)...].copyBytes(from: $0) }
        SharedNumber(header, offset: start).value = UInt64(data.count)
        number(.generation).value = next
    }

    private func readDirectory() -> ShardDirectory? {
        let start = slot(number(.generation).value)
        guard let count = Int(exactly: SharedNumber(header, offset: start).value), count <= Self.slot - 16 else { return nil }
        return try? JSONDecoder().decode(ShardDirectory.self, from: Data(header.bytes[(start + 16)..<(start + 16 + count)]))
    }
}
