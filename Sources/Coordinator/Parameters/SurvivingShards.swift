package import Partition
package import Protocol

/// The decision whether a run can continue from the parameters that stores still have in memory, when its coordinator, or all of its
/// processes, have been started again. A pure value: the stores' offers in, a step and its holders out.
package struct SurvivingShards: Sendable, Equatable {
    /// The newest step that was committed.
    package let step: Int
    /// The store that has each block's values and momentum after that step.
    package let holders: [ParameterBlock.Key: MemberID]

    /// Nil if some block of the newest committed step has no holder: then the last checkpoint counts.
    ///
    /// A store may not have heard of the last commit. It has the step's values all the same, because nothing is committed before every
    /// store has stored it, and it never drops a stored step by itself.
    /// - Parameters:
    ///   - offers: In the order of the stores' ranks.
    ///   - run: The run that is continued.
    ///   - steps: The step of the last checkpoint, and the last step that the run's files have.
    package init?(_ offers: [(store: MemberID, offer: WireShardOffer)], run: UInt64, blocks: [ParameterBlock.Key], steps: ClosedRange<Int>)
    {
        let own = offers.filter { $0.offer.run == run }
        guard let newest = own.map({ Int(clamping: $0.offer.committed) }).max(), newest >= steps.lowerBound else { return nil }
        // The step before the last committed one is there until the update of the step after it.
        let committed = min(newest, steps.upperBound)
        guard let holders = Self.holders(of: blocks, after: committed, own, run: run) else { return nil }
        (step, self.holders) = (committed, holders)
    }

    /// Finds a store for each of these blocks that has its values and momentum after a step.
    /// - Returns: Nil if nobody has some block.
    package static func holders(
        of blocks: [ParameterBlock.Key], after step: Int, _ offers: [(store: MemberID, offer: WireShardOffer)], run: UInt64
    ) -> [ParameterBlock.Key: MemberID]? {
        var holders: [ParameterBlock.Key: MemberID] = [:]
        for (store, offer) in offers where offer.run == run {
            for block in offer.blocks where block.steps.contains(UInt64(step)) {
                let key = ParameterBlock.Key(block.key)
                if holders[key] == nil { holders[key] = store }
            }
        }
        let wanted = Set(blocks)
        holders = holders.filter { wanted.contains($0.key) }
        return holders.count == wanted.count ? holders : nil
    }
}
