/// A fault that is injected at one frame that a process sends, so that tests can reproduce a failure. Tests list faults in
/// the environment as a JSON array.
struct Fault: Decodable, Sendable {
    enum Kind: String, Decodable, Sendable {
        /// The frame is numbered, but never sent.
        case drop
        /// The frame is never sent, and leaves no gap in the sequence numbers.
        case lose
        /// Half of the frame is sent, then the connection is closed.
        case cut
        /// One bit of the payload, or of a header without payload, arrives changed.
        case flip
        /// The frame is sent twice.
        case duplicate
        /// Nothing is sent on the connection for `seconds`.
        case delay
        /// Nothing is sent on the connection any more, and it is not closed.
        case halfOpen = "half-open"
        /// The process is stopped (SIGSTOP).
        case stop
        /// The process is killed (SIGKILL).
        case kill
        /// The process's wall clock jumps by `seconds`.
        case clock
        /// The sending thread sleeps for `seconds`.
        case hang
    }

    /// `worker-1`, `store-0` or `coordinator-0`.
    let process: String
    let kind: Kind
    /// The kind of frame to count: `slab`, `push`, `value`, `control`, `snapshot`, `restore` or `data`.
    let frame: String
    /// Number of the frame of that kind at which the fault occurs, from 1.
    let number: Int
    /// The attempt whose frames are counted. A recovered run has a later attempt, so the fault does not recur.
    let attempt: UInt32
    let seconds: Double?
}
