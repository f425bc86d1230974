package import Partition
import Protocol

/// The decision whether a run can continue from the parameters that stores still have in memory, when its coordinator, or all of its
/// processes, have been started again. A pure value: the stores' offers in, a step and its holders out.
package struct SurvivingShards: Sendable, Equatable {
    /// The newest step that was committed.
    package let step: Int
    /// Who has the values and the momentum of each block after that step.
    package let holders: [ParameterBlock.Key: MemberID]

    /// Nil if some block of the newest committed step has no holder: then the last checkpoint counts.
    ///
    /// A store may not have heard of the last commit. It has the step's values all the same, because nothing is committed before every
    /// store has stored it, and it never drops a stored step by itself.
    /// - Parameters:
    ///   - offers: In the order of the stores' ranks.
    ///   - run: The run that is continued.
    ///   - steps: The step of the last checkpoint, and the last step of the run.
    package init?(_ offers: [(store: MemberID, offer: WireShardOffer)], run: UInt64, blocks: [ParameterBlock.Key], steps: ClosedRange<Int>) {
        let own = offers.filter { $0.offer.run == run }
        guard let committed = own.map({ Int(clamping: $0.offer.committed) }).max(), steps.contains(committed) else { return nil }
        var holders: [ParameterBlock.Key: MemberID] = [:]
        for (store, offer) in own {
            for block in offer.blocks where block.steps.contains(UInt64(committed)) {
                let key = ParameterBlock.Key(block.key)
                if holders[key] == nil { holders[key] = store }
            }
        }
        guard blocks.allSatisfy({ holders[$0] != nil }) else { return nil }
        (step, self.holders) = (committed, holders)
    }
}
