import Platform
import Protocol
import Security
import Transport

/// A store's membership in a run under one coordinator, between the loop's thread and the threads of the process that serves: the coordinator's
/// connection once it has let the store in, and how the membership ended.
final class StoreMembership: Sendable {
    enum End: Sendable {
        case over(SessionOutcome)
        /// The coordinator is gone without a word. Another one may take the run over.
        case coordinatorLost(WireError)
        case failed(WireError)
    }

    private let outcome = Monitor<End?>(nil)
    private let joined = Monitor<(link: Link, run: UInt64)?>(nil)

    /// The coordinator's connection; nil before it has let the store in.
    var coordinator: (link: Link, run: UInt64)? { joined.read { $0 } }

    func begin(_ link: Link, run: UInt64) { joined.update { $0 = (link, run) } }

    /// Ends the membership. The first end counts.
    func end(_ result: SessionOutcome) { outcome.update { if $0 == nil { $0 = .over(result) } } }

    /// Ends the membership without a word of the coordinator.
    func fail(_ error: WireError) { outcome.update { if $0 == nil { $0 = .failed(error) } } }

    /// Ends the membership because the coordinator's connection has ended. One that had not let the store in has refused it.
    func lose(_ error: WireError) {
        let wasIn = coordinator != nil
        outcome.update { if $0 == nil { $0 = wasIn ? .coordinatorLost(error) : .failed(error) } }
    }

    func waitForEnd() -> End { outcome.wait { $0 }! }
}
