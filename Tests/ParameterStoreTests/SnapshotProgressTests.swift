import ParameterStore
import TestSupport
import Testing

@Suite struct SnapshotProgressTests {
    private typealias Piece = SnapshotProgress<Int>.Piece

    /// A block as a store holds it: the steps that its two buffers are of.
    private struct Block {
        var values = [0, -1]
        var momentum = [0, -1]
    }

    @Test func piecesComeInOrderAndOnce() {
        var progress = SnapshotProgress([7, 8], step: 4)
        #expect(progress.next() == Piece(7, isMomentum: false))
        // The next step's update writes the other buffers.
        #expect(progress.take(beforeUpdateOf: 7, step: 5) == [])
        #expect(progress.take(beforeUpdateOf: 8, step: 6) == [Piece(8, isMomentum: false), Piece(8, isMomentum: true)])
        #expect(progress.take(beforeUpdateOf: 8, step: 6) == [])
        #expect(!progress.isDone)
        #expect(progress.next() == Piece(7, isMomentum: true))
        #expect(progress.isDone && progress.next() == nil)
    }

    /// However updates and copies alternate, every piece is copied once and has the snapshot's step.
    @Test(arguments: 0..<200) func everyPieceIsOfTheSnapshotsStep(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let count = Int.random(in: 1...6, using: &random)
        var blocks = Array(repeating: Block(), count: count)
        var (committed, snapshots) = (0, 0)
        var progress: SnapshotProgress<Int>?
        var copied: Set<Piece> = []
        func copy(_ piece: Piece, of step: Int) {
            let block = blocks[piece.block]
            #expect((piece.isMomentum ? block.momentum : block.values)[step & 1] == step)
            #expect(copied.insert(piece).inserted)
        }
        for _ in 0..<40 {
            // The blocks of the next step are updated in any order, with pieces copied between them or not.
            let step = committed + 1
            for block in (0..<count).shuffled(using: &random) {
                while let current = progress?.step, Bool.random(using: &random), let piece = progress?.next() { copy(piece, of: current) }
                for piece in progress?.take(beforeUpdateOf: block, step: step) ?? [] { copy(piece, of: progress!.step) }
                blocks[block].values[step & 1] = step
                blocks[block].momentum[step & 1] = step
            }
            committed = step
            // Two steps later nothing of it is left to copy.
            if let current = progress?.step, committed >= current + 2 {
                #expect(progress?.isDone == true && copied.count == 2 * count)
                progress = nil
            }
            if progress == nil, Bool.random(using: &random) {
                progress = SnapshotProgress(Array(0..<count), step: committed)
                (copied, snapshots) = ([], snapshots + 1)
            }
        }
        #expect(snapshots > 0)
    }
}
