import Protocol
import RunLog

/// A process's clock beside the coordinator's, as the process has found it by its heartbeats.
struct ProcessClock: Sendable, Equatable {
    /// Nanoseconds that the coordinator's is ahead.
    private let offset: Int64
    /// Nanoseconds.
    let uncertainty: UInt64

    init(_ heartbeat: WireHeartbeat) { (offset, uncertainty) = (heartbeat.clockOffset, heartbeat.clockUncertainty) }

    /// A clock that may well be right is taken as it is: on one host a correction would only add the round trip's noise.
    private var correction: Int64 { offset.magnitude > uncertainty ? offset : 0 }

    /// A time of the process by the coordinator's clock, in nanoseconds since 1970.
    func corrected(_ time: UInt64) -> UInt64 { time &+ UInt64(bitPattern: correction) }

    var record: RunStatus.Clock { .init(offset: Double(offset) * 1e-9, uncertainty: Double(uncertainty) * 1e-9) }
}
