import Partition
import Threading
import Wire

/// What other processes have said that the compute thread waits for. Written by the loop's thread.
final class WorkerInbox: Sendable {
    struct State: Sendable {
        var welcome: WireWelcome?
        var topology: WireTopology?
        var segment: WireSegment?
        var peers: [Int: Link] = [:]
        var grants: [Int: WireGrant] = [:]
        /// The last pass for which a slab has arrived.
        var slabs: [Slab: Int] = [:]
        /// The step of the newest value of each parameter.
        var values: [ParameterBlock.Key: Int] = [:]
        var dataListing: WireDataListing?
        /// Parts of the data set's files that are asked for and not here yet.
        var dataAsked: Set<DataPart> = []
        var dataParts: [DataPart: [UInt8]] = [:]
        var finish: WireFinish?
        var failure: WireError?
    }

    let state = Monitor(State())

    /// Waits until `body` finds what it looks for; throws when the run ends or a connection is lost before.
    func wait<Result>(until body: (inout State) -> Result?) throws -> Result {
        let result: Swift.Result<Result, any Error>? = state.wait { state in
            if let found = body(&state) { return .success(found) }
            if let finish = state.finish { return .failure(RunEnded(finish: finish)) }
            if let failure = state.failure { return .failure(failure) }
            return nil
        }
        return try result!.get()
    }

    func fail(_ error: WireError) { state.update { if $0.failure == nil { $0.failure = error } } }
}

/// Where a part of a data set's file begins.
struct DataPart: Hashable, Sendable {
    let file: Int
    let offset: Int
}

/// The coordinator has ended the run.
struct RunEnded: Error {
    let finish: WireFinish
}
