import Protocol
import Security
import SwiftProtobuf
import Testing
import Worker

@Suite struct WorkerFenceTests {
    private final class Connection: Sendable {}

    @Test func aCoordinatorThatHasASuccessorIsRefused() throws {
        var state = WorkerState<Connection>()
        _ = try state.assign(.with { ($0.run, $0.fencing) = (1, 3) })
        #expect(throws: WireError.self) { try state.assign(.with { ($0.run, $0.fencing) = (1, 2) }) }
        #expect(state.assignment?.fencing == 3)
        _ = try state.assign(.with { ($0.run, $0.fencing) = (1, 4) })
        #expect(state.assignment?.fencing == 4)
    }
}
