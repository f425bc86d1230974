package import Partition

/// The phase of a run. Each case carries the values that exist only in it.
package enum Phase: Sendable {
    /// Somebody is missing: at the start, after a failure, or because a new layout needs stores on further hosts.
    case waiting(Waiting)
    /// Everybody has an assignment in this attempt and gets ready for it.
    case preparing(Preparing)
    /// Steps are granted and committed.
    case training(Training)
    /// No step is under way any more; the last checkpoint is.
    case closing
    case ended(RunOutcome)
}

/// Why training has not begun, or has paused.
package enum Pause: Sendable, Equatable {
    case start
    /// A failure ended the attempt before, perhaps one that was to begin a change of layout.
    case failure(during: LayoutChange?)
    case change(LayoutChange)

    package var change: LayoutChange? {
        switch self {
        case .start: nil
        case .failure(let change): change
        case .change(let change): change
        }
    }

    package var isFailure: Bool { if case .failure = self { true } else { false } }

    /// The pause that a further failure makes of this one.
    package var afterFailure: Pause {
        switch self {
        case .start: .start
        case .failure, .change: .failure(during: change)
        }
    }
}

package struct Waiting: Sendable {
    package var pause: Pause
    /// When the run gives up, and when it says next who is missing; seconds on the coordinator's clock.
    package var deadline: Double
    package var reminder: Double
    /// Assignments of failed workers that had asked to leave, or did not come back in time: nobody will take them.
    package var abandoned = 0
    /// Whether the run continues without workers that did not come back.
    package var givesUp = false
    /// The smaller layout that was named as a way to continue.
    var named: ColumnLayout?
    /// Whether the run will stop as soon as moving values have arrived.
    package var isStopping = false
    /// Whether a store is another process than before, and its workers have not registered what it has.
    package var replacesStore = false
}

package struct Preparing: Sendable {
    package let pause: Pause
    /// When everybody was sent the topology; seconds on the coordinator's clock.
    package let since: Double
    package var ready: Set<MemberID> = []
    package var isStopping = false
    /// Whether a store is another process than before: what it has lies where it can be sent once workers have registered it.
    package var replacesStore = false
}

package struct Training: Sendable {
    package var tally: StepTally
    /// Whether somebody asked for the end: what is granted is trained, and no more.
    package var isStopping = false
}

/// A change of layout that has begun and after which training has not continued yet.
package struct LayoutChange: Sendable, Equatable {
    package let before: ColumnLayout
    /// Why, in a few words.
    package let reason: String
    /// When the last step before it was committed; seconds on the coordinator's clock.
    package let since: Double
    /// Whether a failure came before or during it, after which training has not continued yet.
    package var followsFailure = false
}
