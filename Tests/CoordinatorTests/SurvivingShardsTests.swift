import Coordinator
import NeuralNetwork
import Partition
import Protocol
import SwiftProtobuf
import Testing

/// The decision from which step a run continues whose coordinator is another one.
@Suite struct SurvivingShardsTests {
    private let keys = (0..<4).map { ParameterBlock.Key(layer: 0, kind: .weight, column: $0, source: $0) }
    private let first = MemberID(1)
    private let second = MemberID(2)

    private func offer(run: UInt64 = 7, committed: Int, _ columns: [Int], steps: [Int]) -> WireShardOffer {
        .with { offer in
            (offer.run, offer.committed) = (run, UInt64(committed))
            offer.blocks = columns.map { column in .with { ($0.key, $0.steps) = (keys[column].wire, steps.map { UInt64($0) }) } }
        }
    }

    private func decide(_ offers: [(MemberID, WireShardOffer)], steps: ClosedRange<Int> = 0...100) -> SurvivingShards? {
        SurvivingShards(offers.map { (store: $0.0, offer: $0.1) }, run: 7, blocks: keys, steps: steps)
    }

    @Test func theNewestCommittedStepCounts() throws {
        // The second store has not heard of the commit, but it has stored the step.
        let found = try #require(
            decide([
                (first, offer(committed: 21, [0, 1], steps: [20, 21])), (second, offer(committed: 20, [2, 3], steps: [20, 21])),
            ]))
        #expect(found.step == 21)
        #expect(found.holders == [keys[0]: first, keys[1]: first, keys[2]: second, keys[3]: second])
    }

    @Test func aBlockThatNobodyHasAfterThatStepLeavesTheCheckpoint() {
        #expect(decide([(first, offer(committed: 21, [0, 1, 2, 3], steps: [19, 20]))]) == nil)
        #expect(decide([(first, offer(committed: 21, [0, 1, 2], steps: [20, 21]))]) == nil)
        #expect(
            decide([
                (first, offer(committed: 21, [0, 1], steps: [20, 21])), (second, offer(committed: 20, [2, 3], steps: [19, 20])),
            ]) == nil)
        #expect(decide([]) == nil)
    }

    @Test func anotherRunsParametersAndThoseBeforeTheCheckpointDoNotCount() {
        #expect(decide([(first, offer(run: 8, committed: 21, [0, 1, 2, 3], steps: [20, 21]))]) == nil)
        #expect(decide([(first, offer(committed: 21, [0, 1, 2, 3], steps: [20, 21]))], steps: 22...100) == nil)
        #expect(decide([(first, offer(committed: 101, [0, 1, 2, 3], steps: [101, 102]))]) == nil)
    }

    /// The run's files lack the line of the last step: it is trained again, from the step before it.
    @Test func aStepThatIsNotRecordedIsTrainedAgain() throws {
        let found = try #require(decide([(first, offer(committed: 21, [0, 1, 2, 3], steps: [20, 21]))], steps: 0...20))
        #expect(found.step == 20)
    }

    @Test func aPeerMayOfferAnything() {
        var strange = offer(committed: 3, [0, 1, 2, 3], steps: [3])
        strange.committed = .max
        strange.blocks[0].steps = [.max]
        #expect(decide([(first, strange)]) == nil)
    }
}
