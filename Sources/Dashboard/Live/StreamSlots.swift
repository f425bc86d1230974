import Platform

/// A limited number of places for open streams.
package final class StreamSlots: Sendable {
    /// A place that is taken until nothing holds this object.
    package final class Slot: Sendable {
        private let slots: StreamSlots

        fileprivate init(_ slots: StreamSlots) { self.slots = slots }

        deinit { slots.taken.update { $0 -= 1 } }
    }

    private let limit: Int
    private let taken = Monitor(0)

    package init(_ limit: Int) { self.limit = limit }

    /// Takes a place; nil if all are taken.
    package func take() -> Slot? {
        let isFree = taken.update { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        return isFree ? Slot(self) : nil
    }
}
