/// A snapshot that is copied piece by piece between updates: values and momentum of each block after one step. It is a pure value that says
/// which piece is next.
///
/// Values and momentum each have two buffers, of even and odd steps. The update of the next step writes the other buffers, so that it need not
/// wait; the one after it writes the snapshot's. What is not copied by then is copied just before (copy on write, by block).
package struct SnapshotProgress<Block: Hashable & Sendable>: Sendable {
    package struct Piece: Hashable, Sendable {
        package let block: Block
        package let isMomentum: Bool

        package init(_ block: Block, isMomentum: Bool) { (self.block, self.isMomentum) = (block, isMomentum) }
    }

    package let step: Int
    /// Last first.
    private var remaining: [Piece]

    package init(_ blocks: [Block], step: Int) {
        self.step = step
        remaining = blocks.flatMap { block in [Piece(block, isMomentum: false), Piece(block, isMomentum: true)] }.reversed()
    }

    package var isDone: Bool { remaining.isEmpty }

    /// Takes the next piece, to be copied while there is nothing else to do; nil when all are.
    package mutating func next() -> Piece? { remaining.popLast() }

    /// Takes the pieces that the update of a block for a step would overwrite, to be copied before it.
    package mutating func take(beforeUpdateOf block: Block, step other: Int) -> [Piece] {
        guard other & 1 == step & 1 else { return [] }
        let due = remaining.filter { $0.block == block }
        if !due.isEmpty { remaining.removeAll { $0.block == block } }
        return due.reversed()
    }
}
