import Platform
public import Security
import SwiftProtobuf
public import Transport

/// Sends this process's state to the coordinator several times a second, on a connection of its own, and detects when
/// the coordinator no longer answers.
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
    private var lastPulse = MonotonicClock.now
    private var nextTick = 0.0
    private var isStopped = false
    private var clock = ClockEstimate()

    /// Connects to the coordinator and starts to send. Blocks while connecting.
    /// - Parameters:
    ///   - hello: this process's `Hello`, with run and rank.
    ///   - patience: seconds without a pulse after which the coordinator counts as failed.
    ///   - log: provides lines for the run's log, which are sent on the same connection.
    ///   - beat: returns the heartbeat to send; called on the loop's thread.
    ///   - silent: called once, if the coordinator has not answered for `patience` seconds.
    /// - Throws: `WireError` if the coordinator cannot be reached.
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
            lastPulse = MonotonicClock.now
            nextTick = lastPulse
            tick()
        }
    }

    private func sendLog() {
        while let lines = log?.take() { link.send(.with { $0.logLines = lines }) }
    }

    /// Sends the remaining log lines, then closes the connection.
    public func stop() {
        loop.submit { [self] in
            guard !isStopped else { return link.finish() }
            isStopped = true
            sendLog()
            link.finish()
        }
    }

    private func tick() {
        guard !isStopped else { return }
        let now = MonotonicClock.now
        // Time during which this process itself was suspended does not count as the coordinator's silence.
        if now - nextTick > 1 { lastPulse += now - nextTick }
        nextTick = now + Self.interval
        if now - lastPulse > patience {
            isStopped = true
            return silent(WireError(.timeout, "the coordinator has not answered for \(Int(now - lastPulse)) seconds"))
        }
        var heartbeat = beat()
        if let best = clock.best { (heartbeat.clockOffset, heartbeat.clockUncertainty) = best }
        heartbeat.sent = WallClock.nanoseconds
        link.send(.with { [heartbeat] in $0.heartbeat = heartbeat }, attempt: heartbeat.attempt)
        // Log lines wait for the first clock estimate, with which the coordinator corrects their times.
        if clock.best != nil { sendLog() }
        loop.schedule(after: Self.interval) { [weak self] in self?.tick() }
    }

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        guard header.kind == .control else {
            throw WireError(.malformed, "the coordinator sent a \(header.kind) frame on a heartbeat's connection")
        }
        return .bytes(limit: 64)
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        let received = WallClock.nanoseconds
        lastPulse = MonotonicClock.now
        guard case .pulse(let pulse)? = try WireControlMessage(payload: payload).body else {
            throw WireError(.malformed, "the coordinator did not answer a heartbeat with a pulse")
        }
        clock.add(sent: pulse.sent, remote: pulse.now, received: received)
    }

    /// Does nothing: missing pulses are detected by `tick`, and the session's own connection reports its end.
    public func closed(_ link: Link, _ error: WireError) {}
}
