import Foundation
import Glibc
import Security
import Tensors
import Testing
import Transport

@Suite struct SegmentWindowTests {
    private func show(_ segment: SharedSegment, in window: SegmentWindow) throws {
        try window.show(ofProcess: getpid(), descriptor: segment.descriptor, nonce: segment.nonce)
    }

    /// What the system says of the mapping at an address: its protection and whether it is shared, such as "r--s".
    private func protection(of address: UnsafeRawPointer) throws -> String? {
        let place = UInt(bitPattern: address)
        for line in try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2, (ends[0]..<ends[1]).contains(place) { return String(words[1]) }
        }
        return nil
    }

    /// A worker's kernels keep the addresses of its gradients. What a stopped worker of an older attempt writes through its own window of the
    /// older segment is not in the new one.
    @Test func segmentsAreShownInTurnAtTheSameAddresses() throws {
        let (old, new) = (try SharedSegment(byteCount: 8192), try SharedSegment(byteCount: 8192))
        let (evicted, successor) = (
            try SegmentWindow(byteCount: 8192, access: .write), try SegmentWindow(byteCount: 8192, access: .write)
        )
        let addresses = (evicted.buffer.address, successor.buffer.address)
        try show(old, in: evicted)
        try show(old, in: successor)
        successor.buffer.bytes[5000] = 1
        #expect(old.buffer.bytes[5000] == 1)
        #expect(evicted.buffer.bytes[5000] == 1)
        try show(new, in: successor)
        evicted.buffer.bytes[5000] = 77
        #expect(new.buffer.bytes[5000] == 0)
        #expect(successor.buffer.bytes[5000] == 0)
        successor.buffer.bytes[5000] = 2
        #expect(new.buffer.bytes[5000] == 2)
        #expect((evicted.buffer.address, successor.buffer.address) == addresses)
    }

    @Test func whatIsReadCannotBeWritten() throws {
        let segment = try SharedSegment(byteCount: 8192)
        let (reader, writer) = (try SegmentWindow(byteCount: 8192, access: .read), try SegmentWindow(byteCount: 8192, access: .write))
        // Kernels are planned on private memory, which may be written.
        #expect(try protection(of: reader.buffer.address) == "rw-p")
        reader.buffer.bytes[5000] = 9
        try show(segment, in: reader)
        try show(segment, in: writer)
        #expect(try protection(of: reader.buffer.address) == "r--s")
        #expect(try protection(of: writer.buffer.address) == "rw-s")
        #expect(reader.buffer.bytes[5000] == 0)
        segment.buffer.bytes[5000] = 3
        #expect(reader.buffer.bytes[5000] == 3)
    }

    @Test func anotherSegmentThanTheAnnouncedOneIsRefused() throws {
        let (segment, other) = (try SharedSegment(byteCount: 8192), try SharedSegment(byteCount: 12288))
        let window = try SegmentWindow(byteCount: 8192, access: .write)
        try show(segment, in: window)
        window.buffer.bytes[100] = 5
        #expect(throws: WireError.self) { try show(other, in: window) }
        #expect(throws: WireError.self) {
            try window.show(ofProcess: getpid(), descriptor: segment.descriptor, nonce: segment.nonce &+ 1)
        }
        #expect(throws: WireError.self) { try window.show(ofProcess: getpid(), descriptor: -1, nonce: other.nonce) }
        // What was shown is still there.
        #expect(segment.buffer.bytes[100] == 5)
        window.buffer.bytes[101] = 6
        #expect(segment.buffer.bytes[101] == 6)
    }

    @Test(arguments: [0, -1, Int.max]) func aSizeThatCannotBeMappedIsRefused(size: Int) {
        #expect(throws: WireError.self) { try SegmentWindow(byteCount: size, access: .write) }
    }
}
