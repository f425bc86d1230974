import Glibc
import Kernels
import Partition
import Tensors
import Wire

/// The memory of the blocks of one worker: a shared segment with every block's two values and its gradient.
final class StoreSegment {
    let segment: SharedSegment
    let nonce: UInt64
    let blocks: [ParameterBlock.Key: StoredBlock]
    /// What the worker is told of it.
    let message: WireSegment

    /// - Parameter shared: whether the worker is on this machine and will map it.
    init(
        _ registered: [(block: ParameterBlock, layout: TensorLayout, key: WireBlockKey)], shared: Bool
    ) throws {
        var offset = 4096
        var message = WireSegment()
        for entry in registered {
            var place = WireSegment.Place()
            place.key = entry.key
            place.bytes = UInt64(entry.layout.byteCount)
            func reserve() -> UInt64 {
                defer { offset += (entry.layout.byteCount + 63) / 64 * 64 }
                return UInt64(offset)
            }
            place.valuesEven = reserve()
            place.valuesOdd = reserve()
            place.gradient = reserve()
            message.places.append(place)
        }
        nonce = UInt64.random(in: 1...UInt64.max)
        segment = try SharedSegment(byteCount: offset)
        segment.buffer.bytes.storeBytes(of: nonce, as: UInt64.self)
        message.shared = shared
        message.processID = UInt32(getpid())
        message.descriptor = UInt32(segment.descriptor)
        message.bytes = UInt64(offset)
        message.nonce = nonce
        let memory = segment.buffer
        var blocks: [ParameterBlock.Key: StoredBlock] = [:]
        for (entry, place) in zip(registered, message.places) {
            func slice(_ offset: UInt64) -> TensorBuffer {
                memory.slice(offset: Int(offset), byteCount: entry.layout.byteCount)
            }
            blocks[entry.block.key] = StoredBlock(
                entry.block, layout: entry.layout, values: [slice(place.valuesEven), slice(place.valuesOdd)],
                gradient: slice(place.gradient))
        }
        self.blocks = blocks
        self.message = message
    }
}
