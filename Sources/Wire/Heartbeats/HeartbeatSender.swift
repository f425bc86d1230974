import SwiftProtobuf
import Threading

/// Tells the coordinator several times a second what this process is at, on a connection of its own, and notices when
/// the coordinator answers no more.
public final class HeartbeatSender: LinkReceiver, @unchecked Sendable {
    /// Seconds between two heartbeats.
    public static let interval = 0.25

    private let loop: EventLoop
    private let link: Link
    private let patience: Double
    private let beat: @Sendable () -> WireHeartbeat
    private let silent: @Sendable (WireError) -> Void
    private let log: ProcessLog?

    // Touched by the loop's thread only.
    private var heard = MonotonicClock.now
    private var due = 0.0
    private var isStopped = false
    private var clock = ClockEstimate()

    /// - Parameters:
    ///   - hello: this process's introduction, with run and rank.
    ///   - patience: seconds without an answer after which the coordinator counts as gone.
    ///   - beat: what is said; called on the loop's thread.
    ///   - silent: the coordinator has not answered for that long; called once.
    ///   - log: lines for the run's log, sent along.
    public init(
        coordinator: SocketAddress, hello: WireHello, patience: Double, loop: EventLoop, log: ProcessLog?,
        beat: @escaping @Sendable () -> WireHeartbeat, silent: @escaping @Sendable (WireError) -> Void
    ) throws {
        (self.loop, self.patience, self.beat, self.silent, self.log) = (loop, patience, beat, silent, log)
        link = try Connector.connect(to: coordinator, loop: loop, expecting: .coordinator)
        link.start(self)
        var message = WireControlMessage()
        message.hello = hello
        message.hello.heartbeat = true
        link.send(message, run: hello.run)
        loop.submit { [self] in
            heard = MonotonicClock.now
            due = heard
            tick()
        }
    }

    private func sendLog() {
        while let lines = log?.take() { link.send(.with { $0.logLines = lines }) }
    }

    public func stop() {
        loop.submit { [self] in
            guard !isStopped else { return link.finish() }
            isStopped = true
            // The last words.
            sendLog()
            link.finish()
        }
    }

    private func tick() {
        guard !isStopped else { return }
        let now = MonotonicClock.now
        // A process that was stopped itself has no right to complain of silence.
        if now - due > 1 { heard += now - due }
        due = now + Self.interval
        if now - heard > patience {
            isStopped = true
            return silent(WireError(.timeout, "the coordinator has not answered for \(Int(now - heard)) seconds"))
        }
        var heartbeat = beat()
        if let best = clock.best { (heartbeat.clockOffset, heartbeat.clockUncertainty) = best }
        heartbeat.sent = WallClock.nanoseconds
        link.send(.with { [heartbeat] in $0.heartbeat = heartbeat }, attempt: heartbeat.attempt)
        // Not before their times can be corrected.
        if clock.best != nil { sendLog() }
        loop.schedule(after: Self.interval) { [weak self] in self?.tick() }
    }

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        guard header.kind == .control else { throw WireError(.malformed, "a heartbeat's connection takes control messages") }
        return .bytes(limit: 64)
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        let received = WallClock.nanoseconds
        heard = MonotonicClock.now
        guard case .pulse(let pulse)? = try WireControlMessage(payload: payload).body else {
            throw WireError(.malformed, "a heartbeat is answered by a pulse")
        }
        clock.add(sent: pulse.sent, remote: pulse.now, received: received)
    }

    /// Not answered is what counts: the connection that matters says by itself when it ends.
    public func closed(_ link: Link, _ error: WireError) {}
}
