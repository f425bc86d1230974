import Partition
import Tensors
import Wire

/// Values and momentum on their way from stores that give columns away, through the coordinator, to those that keep them from
/// now on.
struct ValueMoves {
    private struct Piece: Hashable {
        let key: ParameterBlock.Key
        let isMomentum: Bool

        init(_ key: ParameterBlock.Key, isMomentum: Bool) { (self.key, self.isMomentum) = (key, isMomentum) }
        init(_ header: FrameHeader) { self.init(ParameterBlock.Key(header.blockKey), isMomentum: header.isMomentum) }
    }

    private struct Move {
        let block: ParameterBlock
        let from: ObjectIdentifier
        let to: ObjectIdentifier
        /// Where it lands, once it has begun to arrive.
        var landing: TensorBuffer?
    }

    private var moves: [Piece: Move] = [:]

    var isEmpty: Bool { moves.isEmpty }

    /// Whether a store's link still owes something.
    func isOwed(by link: ObjectIdentifier) -> Bool { moves.values.contains { $0.from == link } }

    mutating func expect(_ block: ParameterBlock, from: ObjectIdentifier, to: ObjectIdentifier) {
        for isMomentum in [false, true] { moves[Piece(block.key, isMomentum: isMomentum)] = Move(block: block, from: from, to: to) }
    }

    /// Memory for a piece that is about to arrive.
    mutating func destination(for header: FrameHeader, on link: ObjectIdentifier) throws -> UnsafeMutableRawBufferPointer {
        let piece = Piece(header)
        guard var move = moves[piece], move.from == link else { throw WireError(.malformed, "values that nobody asked for") }
        let buffer = try TensorBuffer.allocate(floats: move.block.shape.count)
        move.landing = buffer
        moves[piece] = move
        return UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(4 * move.block.shape.count)])
    }

    /// Takes a piece that has arrived.
    /// - Returns: where it goes, and the frame's payload.
    mutating func received(_ header: FrameHeader, on link: ObjectIdentifier) throws -> (to: ObjectIdentifier, payload: Payload) {
        let piece = Piece(header)
        guard let move = moves[piece], move.from == link, let buffer = move.landing else {
            throw WireError(.malformed, "values that were not announced")
        }
        moves[piece] = nil
        return (move.to, .tensor(buffer, byteCount: 4 * move.block.shape.count))
    }
}
