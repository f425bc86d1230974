/// Which batch lies in which of a loader's two buffers, and which is asked for.
struct LoaderState: Sendable {
    enum Answer: Sendable {
        case ready(Int)
        /// Another request took its place.
        case dropped
        case stopped
        case failed(any Error)
    }

    /// What each buffer holds or is being filled with.
    private var requests: [BatchRequest?] = [nil, nil]
    /// The buffer that is being filled.
    private var filling: Int?
    private var wanted: BatchRequest?
    /// The buffer that the caller reads; it is never filled.
    var inUse: Int?
    var isStopped = false
    private var failure: (any Error)?

    /// Asks for a batch unless it is there, under way or asked for.
    mutating func ask(_ request: BatchRequest) {
        if !requests.contains(request) { wanted = request }
    }

    func answer(_ request: BatchRequest) -> Answer? {
        if let failure { return .failed(failure) }
        if let index = requests.firstIndex(of: request), index != filling { return .ready(index) }
        if isStopped { return .stopped }
        return requests.contains(request) || wanted == request ? nil : .dropped
    }

    /// Gives the free buffer to what is asked for.
    mutating func begin() -> (Int, BatchRequest)? {
        guard let request = wanted else { return nil }
        wanted = nil
        let index = claim(request)
        filling = index
        return (index, request)
    }

    mutating func claim(_ request: BatchRequest) -> Int {
        let index = inUse.map { 1 - $0 } ?? 0
        requests[index] = request
        return index
    }

    mutating func finish() { filling = nil }

    mutating func fail(_ error: any Error) { (failure, filling) = (error, nil) }
}
