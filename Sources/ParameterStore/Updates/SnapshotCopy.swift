import Kernels
package import Partition
package import Tensors

/// Blocks whose values and momentum after a step are sent as they lie in checkpoints: packed and row-major.
package struct SnapshotOrder: Sendable {
    let blocks: [StoredBlock]
    let step: Int
    /// Takes a copy; called on the update thread.
    let send: @Sendable (_ packed: TensorBuffer, _ block: ParameterBlock, _ isMomentum: Bool) -> Void

    package init(_ blocks: [StoredBlock], step: Int, send: @escaping @Sendable (TensorBuffer, ParameterBlock, Bool) -> Void) {
        (self.blocks, self.step, self.send) = (blocks, step, send)
    }
}

/// A snapshot under way on the update thread.
struct SnapshotCopy {
    private let order: SnapshotOrder
    private let blocks: [ParameterBlock.Key: StoredBlock]
    private var progress: SnapshotProgress<ParameterBlock.Key>
    private let engine: Engine

    init(_ order: SnapshotOrder, engine: Engine) {
        (self.order, self.engine) = (order, engine)
        blocks = Dictionary(order.blocks.map { ($0.block.key, $0) }) { first, _ in first }
        progress = SnapshotProgress(order.blocks.map(\.block.key), step: order.step)
    }

    var step: Int { order.step }
    var isDone: Bool { progress.isDone }

    /// Copies and sends one piece.
    mutating func copyNext() throws { if let piece = progress.next() { try copy(piece) } }

    /// Copies and sends what an update is about to overwrite.
    mutating func copy(beforeUpdateOf stored: StoredBlock, step: Int) throws {
        for piece in progress.take(beforeUpdateOf: stored.block.key, step: step) { try copy(piece) }
    }

    /// Copies and sends all that is left.
    mutating func finish() throws { while !isDone { try copyNext() } }

    private func copy(_ piece: SnapshotProgress<ParameterBlock.Key>.Piece) throws {
        guard let stored = blocks[piece.block] else { return }
        order.send(try stored.canonical(momentum: piece.isMomentum, step: step, engine: engine), stored.block, piece.isMomentum)
    }
}
