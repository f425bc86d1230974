import Platform
import Protocol

/// Where a part of a data set's file begins.
struct DataPart: Hashable, Sendable {
    let file: Int
    let offset: Int
}

/// Parts of the data set that the coordinator sends, between the loop's thread and the thread that fetches them.
final class DataMailbox: Sendable {
    private struct State {
        var listing: WireDataListing?
        /// Parts that have been asked for and are not here yet.
        var requested: Set<DataPart> = []
        var parts: [DataPart: [UInt8]] = [:]
        var failure: (any Error)?
    }

    private let state = Monitor(State())

    func receive(_ listing: WireDataListing) { state.update { $0.listing = listing } }
    func receive(_ part: DataPart, _ bytes: [UInt8]) { state.update { if $0.requested.remove(part) != nil { $0.parts[part] = bytes } } }
    func isRequested(_ part: DataPart) -> Bool { state.read { $0.requested.contains(part) } }
    func request(_ part: DataPart) { state.update { _ = $0.requested.insert(part) } }

    /// Ends all waits: the coordinator is gone, or the run has ended.
    func fail(_ error: any Error) { state.update { if $0.failure == nil { $0.failure = error } } }

    func waitForListing() throws -> WireDataListing { try wait { $0.listing } }
    func wait(for part: DataPart) throws -> [UInt8] { try wait { $0.parts.removeValue(forKey: part) } }

    private func wait<Result>(until body: (inout State) -> Result?) throws -> Result {
        let result: Swift.Result<Result, any Error>? = state.wait { state in
            if let found = body(&state) { return .success(found) }
            return state.failure.map { .failure($0) }
        }
        return try result!.get()
    }
}
