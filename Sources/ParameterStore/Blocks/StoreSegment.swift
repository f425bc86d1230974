import Glibc
import Kernels
import Partition
import Tensors
import Wire

/// The memory of the blocks of one worker: a shared segment with every block's two values and its gradient.
final class StoreSegment: @unchecked Sendable {
    let segment: SharedSegment
    let nonce: UInt64
    let blocks: [ParameterBlock.Key: StoredBlock]
    private let registered: [Entry]
    private let message: WireSegment

    /// A block as its worker registered it.
    struct Entry {
        let block: ParameterBlock
        let values: TensorLayout
        let gradient: TensorLayout
        let key: WireBlockKey
    }

    init(_ registered: [Entry], engine: Engine) throws {
        self.registered = registered
        var offset = 4096
        var message = WireSegment()
        for entry in registered {
            var place = WireSegment.Place()
            place.key = entry.key
            place.bytes = UInt64(entry.values.byteCount)
            func reserve(_ layout: TensorLayout) -> UInt64 {
                defer { offset += (layout.byteCount + 63) / 64 * 64 }
                return UInt64(offset)
            }
            place.valuesEven = reserve(entry.values)
            place.valuesOdd = reserve(entry.values)
            place.gradient = reserve(entry.gradient)
            message.places.append(place)
        }
        nonce = UInt64.random(in: 1...UInt64.max)
        segment = try SharedSegment(byteCount: offset)
        segment.buffer.bytes.storeBytes(of: nonce, as: UInt64.self)
        message.processID = UInt32(getpid())
        message.descriptor = UInt32(segment.descriptor)
        message.bytes = UInt64(offset)
        message.nonce = nonce
        let memory = segment.buffer
        var blocks: [ParameterBlock.Key: StoredBlock] = [:]
        for (entry, place) in zip(registered, message.places) {
            func slice(_ offset: UInt64, _ layout: TensorLayout) -> TensorBuffer {
                memory.slice(offset: Int(offset), byteCount: layout.byteCount)
            }
            blocks[entry.block.key] = try StoredBlock(
                entry.block, valueLayout: entry.values, layout: entry.gradient,
                values: [slice(place.valuesEven, entry.values), slice(place.valuesOdd, entry.values)],
                gradient: slice(place.gradient, entry.gradient), engine: engine)
        }
        self.blocks = blocks
        self.message = message
    }

    /// What a worker is told of it.
    /// - Parameter shared: whether the worker is on this machine and will map it.
    func announcement(shared: Bool) -> WireSegment {
        var message = message
        message.shared = shared
        return message
    }

    /// Whether the same tensors are asked for in the same layouts.
    func isOf(_ entries: [Entry]) -> Bool {
        entries.count == registered.count && zip(entries, registered).allSatisfy {
            $0.key == $1.key && $0.values == $1.values && $0.gradient == $1.gradient
        }
    }
}
