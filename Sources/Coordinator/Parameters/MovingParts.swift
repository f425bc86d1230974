import Partition
import Security
import Tensors
import Transport

/// Memory of parts of parameter blocks that pass through the coordinator on their way from one store to another.
struct MovingParts {
    private var buffers: [BlockPart: (buffer: TensorBuffer, byteCount: Int)] = [:]

    /// Memory for a part that is about to arrive.
    /// - Throws: `WireError` where nobody asked this store for it.
    mutating func destination(for header: FrameHeader, from store: MemberID, _ holdings: Holdings) throws -> UnsafeMutableRawBufferPointer {
        let part = BlockPart(header)
        guard holdings.move(of: part)?.from == store, let block = holdings.blocks.first(where: { $0.key == part.key }) else {
            throw WireError(.malformed, "values that were not requested")
        }
        let buffer = try TensorBuffer.allocate(floats: block.shape.count)
        buffers[part] = (buffer, 4 * block.shape.count)
        return UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(4 * block.shape.count)])
    }

    /// A part that has arrived, to be passed on.
    mutating func take(_ part: BlockPart) -> Payload? {
        buffers.removeValue(forKey: part).map { .tensor($0.buffer, byteCount: $0.byteCount) }
    }

    /// Drops a part that nobody takes any more.
    mutating func drop(_ part: BlockPart) { buffers[part] = nil }
}
