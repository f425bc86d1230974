import Protocol
import SwiftProtobuf
import Testing
import Worker

/// A worker's state at the end of a run.
@Suite struct WorkerStateTests {
    private final class Connection: Sendable {}

    /// Slabs land in memory that is freed at the end: every peer's connection is closed first, also where the run ended well, and also one of an
    /// attempt that this worker has not heard of.
    @Test(arguments: [false, true]) func peersAreLeftBeforeMemoryIsFreed(isFailure: Bool) throws {
        var state = WorkerState<Connection>()
        _ = try state.assign(.with { ($0.run, $0.rank, $0.workers, $0.replicas) = (1, 0, 3, 1) })
        let peers = [Connection(), Connection()]
        for (index, peer) in peers.enumerated() {
            let hello = WireHello.with { ($0.role, $0.run, $0.rank, $0.attempt) = (.worker, 1, UInt32(index + 1), UInt32(index)) }
            try state.peers.add(hello, peer, assignment: state.assignment, attempt: state.attempt.number)
        }
        state.end(.with { $0.failed = isFailure })
        let left = state.leavePeers()
        #expect(left.count == 2 && peers.allSatisfy { peer in left.contains { $0 === peer } })
        #expect(state.leavePeers().isEmpty)
    }
}
