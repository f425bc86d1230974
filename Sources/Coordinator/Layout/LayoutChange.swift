import Partition

/// A change of layout that has been begun: the attempt before it has ended between two steps, and training has not gone on yet.
struct LayoutChange {
    enum Phase {
        /// Waits for stores of hosts that have none; those that are there keep what they have.
        case gathering
        /// Everybody is told who is where; values may be on their way.
        case placed
    }

    var phase = Phase.gathering
    let before: ColumnLayout
    /// Why, in a few words.
    let reason: String
    /// When the last step before was committed, on the coordinator's clock.
    let since: Double
}
