/// The batches in a loader's two buffers, and the one that is requested.
struct LoaderState: Sendable {
    enum Answer: Sendable {
        case ready(Int)
        /// Another request replaced this one.
        case dropped
        case stopped
        case failed(any Error)
    }

    /// The batch that each buffer contains or is being filled with.
    private var requests: [BatchRequest?] = [nil, nil]
    /// The index of the buffer being filled.
    private var filling: Int?
    private var wanted: BatchRequest?
    /// The index of the buffer that the caller reads. It must not be filled.
    var inUse: Int?
    var isStopped = false
    private var failure: (any Error)?

    /// Requests a batch unless it is prepared or in preparation.
    mutating func ask(_ request: BatchRequest) {
        if !requests.contains(request) { wanted = request }
    }

    func answer(_ request: BatchRequest) -> Answer? {
        if let failure { return .failed(failure) }
        if let index = requests.firstIndex(of: request), index != filling { return .ready(index) }
        if isStopped { return .stopped }
        return requests.contains(request) || wanted == request ? nil : .dropped
    }

    /// Assigns the free buffer to the requested batch.
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
