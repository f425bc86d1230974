import Platform
import Protocol
import Security
import Transport

/// A store's membership in a run, between the loop's thread and the threads of the process that serves: the coordinator's connection once it
/// has let the store in, and how the membership ended.
final class StoreMembership: Sendable {
    private let outcome = Monitor<Result<SessionOutcome, WireError>?>(nil)
    private let joined = Monitor<(link: Link, run: UInt64)?>(nil)

    /// The coordinator's connection; nil before it has let the store in.
    var coordinator: (link: Link, run: UInt64)? { joined.read { $0 } }

    func begin(_ link: Link, run: UInt64) { joined.update { $0 = (link, run) } }

    /// Ends the membership. The first end counts.
    func end(_ result: SessionOutcome) { outcome.update { if $0 == nil { $0 = .success(result) } } }

    /// Ends the membership without a word of the coordinator.
    func fail(_ error: WireError) { outcome.update { if $0 == nil { $0 = .failure(error) } } }

    func waitForEnd() -> Result<SessionOutcome, WireError> { outcome.wait { $0 }! }
}
