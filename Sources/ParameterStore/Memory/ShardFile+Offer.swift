package import Protocol
import SwiftProtobuf

extension ShardFile {
    /// What a coordinator is told of the state that is there; nil where there is none.
    package var offer: WireShardOffer? {
        guard run != 0 else { return nil }
        return .with { offer in
            (offer.run, offer.attempt, offer.committed) = (run, attempt, UInt64(committed))
            offer.blocks = steps.sorted { $0.key < $1.key }.map { key, steps in
                .with { ($0.key, $0.steps) = (key.wire, steps.sorted().map(UInt64.init)) }
            }
        }
    }
}
