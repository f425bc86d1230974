import Kernels
import Platform
import Protocol
import Security
import Tensors
import Transport

/// Measures a connection to a `ProbeServer`.
final class LinkProbe: Sendable {
    static let tensorBytes = 4 << 20

    /// The peer's hello message.
    let peer: WireHello
    private let loop: EventLoop
    private let link: Link
    private let receiver: Receiver
    private let tensor: TensorBuffer
    private static let answerTimeout = 30.0

    /// Connects and exchanges hello messages.
    /// - Parameters:
    ///   - expected: the role that the peer's certificate must have.
    ///   - bytes: the size of each tensor, as the server expects it.
    ///   - fingerprint: the local data set's; empty without one.
    init(
        to address: SocketAddress, security: LinkSecurity, expecting expected: PeerRole = .worker, bytes: Int = LinkProbe.tensorBytes,
        fingerprint: String = ""
    ) throws {
        tensor = try TensorBuffer.allocate(byteCount: bytes)
        for i in stride(from: 0, to: bytes, by: 64) { tensor.bytes[i] = UInt8(truncatingIfNeeded: i >> 6) }
        loop = try EventLoop(name: "probe-client", security: security)
        receiver = Receiver()
        do {
            link = try Connector.connect(to: address, loop: loop, expecting: expected)
            link.start(receiver)
            link.send(Self.hello(fingerprint))
            let receiver = receiver
            peer = try receiver.wait(Self.answerTimeout, for: "a hello message") { $0.hello }
        } catch {
            loop.stop()
            throw error
        }
    }

    func stop() { loop.stop() }

    static func hello(_ fingerprint: String) -> WireControlMessage {
        HelloFields(
            role: .worker, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, threads: 0,
            datasetFingerprint: fingerprint
        ).hello(listenPort: 0)
    }

    /// Measures round trips, one after another.
    /// - Returns: the lead of the peer's clock over this one's, its uncertainty, and the median round trip, in seconds.
    func roundTrips(_ count: Int = ClockEstimate.window) throws -> (lead: Double, uncertainty: Double, median: Double) {
        var (clock, trips) = (ClockEstimate(), [Double]())
        for _ in 0..<count {
            let start = MonotonicClock.now
            let sent = WallClock.nanoseconds
            let pulse = try ask(sent)
            trips.append(MonotonicClock.now - start)
            clock.add(sent: sent, remote: pulse.now, received: WallClock.nanoseconds)
        }
        let best = clock.best ?? (0, 0)
        return (Double(best.offset) * 1e-9, Double(best.uncertainty) * 1e-9, trips.sorted()[trips.count / 2])
    }

    /// Sends a tensor and waits until it has arrived.
    func sendTensor() throws { try sendTensors(1) }

    /// Sends tensors for a time, with several in flight at once.
    /// - Returns: bytes per second.
    func bandwidth(seconds: Double) throws -> Double {
        try sendTensors(1)
        let start = MonotonicClock.now
        var (sent, inFlight) = (0, 1)
        while MonotonicClock.now - start < seconds {
            try sendTensors(inFlight)
            sent += inFlight
            inFlight = min(8, inFlight * 2)
        }
        return Double(sent * tensor.bytes.count) / (MonotonicClock.now - start)
    }

    private func sendTensors(_ count: Int) throws {
        for _ in 0..<count { link.send(FrameHeader(.slab), .tensor(tensor, byteCount: tensor.bytes.count)) }
        // Frames arrive in order: the answer to this one confirms that all have arrived.
        _ = try ask(WallClock.nanoseconds)
    }

    private func ask(_ sent: UInt64) throws -> WirePulse {
        receiver.forgetPulse()
        var heartbeat = WireHeartbeat()
        heartbeat.sent = sent
        var message = WireControlMessage()
        message.heartbeat = heartbeat
        link.send(message)
        return try receiver.wait(Self.answerTimeout, for: "an answer") { $0.pulse }
    }

    private final class Receiver: LinkReceiver {
        struct State {
            var hello: WireHello?
            var pulse: WirePulse?
            var end: WireError?
        }
        private let state = Monitor(State())

        func forgetPulse() { state.update { $0.pulse = nil } }

        func wait<Value>(_ timeout: Double, for what: String, _ value: (State) -> Value?) throws -> Value {
            let found: Result<Value, WireError>? = state.wait(timeout: timeout) { state in
                value(state).map { .success($0) } ?? state.end.map { .failure($0) }
            }
            guard let found else { throw WireError(.timeout, "\(what) did not arrive within \(Int(timeout)) seconds") }
            return try found.get()
        }

        func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
            guard header.kind == .control else {
                throw WireError(.malformed, "the peer answered a probe with a frame that is not a control message")
            }
            return .bytes(limit: 4096)
        }

        func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
            switch try WireControlMessage(payload: payload).body {
            case .hello(let hello): state.update { $0.hello = hello }
            case .pulse(let pulse): state.update { $0.pulse = pulse }
            case .refusal(let refusal): state.update { $0.end = WireError(.refused, refusal.reason) }
            default: throw WireError(.malformed, "the peer answered a probe with neither a hello nor the time")
            }
        }

        func closed(_ link: Link, _ error: WireError) { state.update { if $0.end == nil { $0.end = error } } }
    }
}
