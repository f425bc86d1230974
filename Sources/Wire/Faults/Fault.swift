/// Something that goes wrong on purpose at one frame that a process sends, so that a failure can be repeated. Tests name
/// faults in the environment as a JSON array; a run without has none.
struct Fault: Decodable, Sendable {
    enum Kind: String, Decodable, Sendable {
        /// The frame is numbered and never sent.
        case drop
        /// The frame is never sent and leaves no gap in the numbers.
        case lose
        /// Half of the frame is sent, then the connection is closed.
        case cut
        /// One bit of the payload, or of a header without payload, arrives changed.
        case flip
        /// The frame is sent twice.
        case duplicate
        /// Nothing leaves on the connection for `seconds`.
        case delay
        /// Nothing leaves on the connection any more, and it is not closed.
        case halfOpen = "half-open"
        /// The process is stopped (SIGSTOP).
        case stop
        /// The process is killed (SIGKILL).
        case kill
        /// The process's time of day jumps by `seconds`.
        case clock
        /// The sending thread sleeps for `seconds`.
        case hang
    }

    /// `worker-1`, `store-0` or `coordinator-0`.
    let process: String
    let kind: Kind
    /// The frames that count: `slab`, `push`, `value`, `control`, `snapshot`, `restore`.
    let frame: String
    /// It happens at this one of them, from 1.
    let number: Int
    /// Frames of this attempt count; what was restarted after the fault does not fail again.
    let attempt: UInt32
    let seconds: Double?
}
