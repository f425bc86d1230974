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

    /// The place of every buffer, in bytes from the segment's beginning.
    private struct Layout {
        let places: [WireSegment.Place]
        let byteCount: Int

        /// - Parameter contributions: gradients of each block.
        init(_ entries: [Entry], contributions: Int) {
            // The first page has the nonce.
            var offset = 4096
            func reserve(_ layout: TensorLayout) -> UInt64 {
                defer { offset += (layout.byteCount + 63) / 64 * 64 }
                return UInt64(offset)
            }
            places = entries.map { entry in
                var place = WireSegment.Place()
                place.key = entry.key
                place.bytes = UInt64(entry.values.byteCount)
                (place.valuesEven, place.valuesOdd) = (reserve(entry.values), reserve(entry.values))
                place.gradients = (0..<contributions).map { _ in reserve(entry.gradient) }
                return place
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
        for (entry, place) in zip(registered, layout.places) {
            func slice(_ offset: UInt64, _ layout: TensorLayout) -> TensorBuffer {
                memory.slice(offset: Int(offset), byteCount: layout.byteCount)
            }
            blocks[entry.block.key] = try StoredBlock(
                entry.block, valueLayout: entry.values, layout: entry.gradient.of(.float32),
                values: [slice(place.valuesEven, entry.values), slice(place.valuesOdd, entry.values)],
                gradients: GradientContributions(
                    place.gradients.map { slice($0, entry.gradient) }, of: entry.gradient.type, additions: tree.additions),
                engine: engine)
        }
        self.blocks = blocks
    }

    /// Returns the message that tells a worker of the segment.
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
            message.places = layout.places.map { place in
                var own = place
                own.gradients = Array(place.gradients[contributions])
                return own
            }
        } else {
            let mirror = Layout(registered, contributions: contributions.count)
            (message.bytes, message.places) = (UInt64(mirror.byteCount), mirror.places)
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
