import Platform
import Tensors

/// The orders in which epochs visit the training images. The two most recent ones are cached.
final class EpochOrder: Sendable {
    private struct Entry {
        let epoch: Int
        let order: [UInt32]
    }

    private let draws: RandomDraws
    private let count: Int
    private let entries = Monitor([Entry]())

    init(draws: RandomDraws, count: Int) { (self.draws, self.count) = (draws, count) }

    func order(_ epoch: Int) -> [UInt32] {
        entries.update { entries in
            if let entry = entries.first(where: { $0.epoch == epoch }) { return entry.order }
            let entry = Entry(epoch: epoch, order: draws.permutation(count: count, epoch: epoch))
            entries = entries.suffix(1) + [entry]
            return entry.order
        }
    }
}
