import Glibc
import Kernels
import Partition
import Protocol
import Tensors
import Transport

/// The memory of the blocks of one worker's columns: a shared segment with every block's two values and the gradients that
/// replicas contribute.
final class StoreSegment: @unchecked Sendable {
    let segment: SharedSegment
    let nonce: UInt64
    let blocks: [ParameterBlock.Key: StoredBlock]
    private let registered: [Entry]
    private let layout: Layout

    /// A block as its worker registered it.
    struct Entry {
        let block: ParameterBlock
        let values: TensorLayout
        let gradient: TensorLayout
        let key: WireBlockKey
    }

    /// The offset of every buffer, in bytes from the segment's beginning.
    private struct Layout {
        let offsets: [WireSegment.Place]
        let byteCount: Int

        /// - Parameter contributions: gradients of each block.
        init(_ entries: [Entry], contributions: Int) {
            // The first page has the nonce.
            var offset = 4096
            func reserve(_ layout: TensorLayout) -> UInt64 {
                defer { offset += (layout.byteCount + 63) / 64 * 64 }
                return UInt64(offset)
            }
            offsets = entries.map { entry in
                var offsets = WireSegment.Place()
                offsets.key = entry.key
                offsets.bytes = UInt64(entry.values.byteCount)
                (offsets.valuesEven, offsets.valuesOdd) = (reserve(entry.values), reserve(entry.values))
                offsets.gradients = (0..<contributions).map { _ in reserve(entry.gradient) }
                return offsets
            }
            byteCount = offset
        }
    }

    init(_ registered: [Entry], tree: GradientTree, engine: Engine) throws {
        self.registered = registered
        layout = Layout(registered, contributions: tree.contributions.count)
        nonce = UInt64.random(in: 1...UInt64.max)
        segment = try SharedSegment(byteCount: layout.byteCount)
        segment.buffer.bytes.storeBytes(of: nonce, as: UInt64.self)
        let memory = segment.buffer
        var blocks: [ParameterBlock.Key: StoredBlock] = [:]
        for (entry, offsets) in zip(registered, layout.offsets) {
            func slice(_ offset: UInt64, _ layout: TensorLayout) -> TensorBuffer {
                memory.slice(offset: Int(offset), byteCount: layout.byteCount)
            }
            blocks[entry.block.key] = try StoredBlock(
                entry.block, valueLayout: entry.values, layout: entry.gradient.of(.float32),
                values: [slice(offsets.valuesEven, entry.values), slice(offsets.valuesOdd, entry.values)],
                gradients: GradientContributions(
                    offsets.gradients.map { slice($0, entry.gradient) }, of: entry.gradient.type, additions: tree.additions),
                engine: engine)
        }
        self.blocks = blocks
    }

    /// Returns the message that announces the segment to a worker.
    /// - Parameters:
    ///   - shared: whether the worker is on this machine and will map it; another keeps a mirror of what is its own.
    ///   - contributions: of the worker's replica.
    func announcement(shared: Bool, contributions: Range<Int>) -> WireSegment {
        var message = WireSegment()
        message.shared = shared
        message.processID = UInt32(getpid())
        message.descriptor = UInt32(segment.descriptor)
        message.nonce = nonce
        if shared {
            message.bytes = UInt64(layout.byteCount)
            message.places = layout.offsets.map { offsets in
                var own = offsets
                own.gradients = Array(offsets.gradients[contributions])
                return own
            }
        } else {
            let mirror = Layout(registered, contributions: contributions.count)
            (message.bytes, message.places) = (UInt64(mirror.byteCount), mirror.offsets)
        }
        return message
    }

    /// Whether the same tensors are asked for in the same layouts.
    func isOf(_ entries: [Entry]) -> Bool {
        entries.count == registered.count
            && zip(entries, registered).allSatisfy {
                $0.key == $1.key && $0.values == $1.values && $0.gradient == $1.gradient
            }
    }
}
