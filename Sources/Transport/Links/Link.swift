import Glibc
import Platform
public import Security

/// One connection, which sends and receives frames in order.
public final class Link: @unchecked Sendable, EventHandler {
    /// Frames that the loop has not taken over yet.
    private struct Queue {
        var frames: [FrameWriter.Frame] = []
        var isClosed = false
    }

    public let local: SocketAddress
    public let remote: SocketAddress
    /// The identity in the peer's certificate; nil without TLS.
    public let identity: PeerIdentity?
    private let socket: LinkSocket
    private let loop: EventLoop
    private let queue = Monitor(Queue())

    // Touched by the loop's thread only.
    private var receiver: (any LinkReceiver)?
    private var reader = FrameReader()
    private var writer = FrameWriter()
    private var isOpen = true
    private var closesWhenSent = false
    /// The time at which sending resumes. Set by an injected fault.
    private var pausedUntil = 0.0
    /// Nil if this side opened the connection, since it has then chosen whom to trust.
    private let admission: AdmissionState?
    /// Whether TLS must write before it can read, or read before it can write.
    private var (readWaitsToWrite, writeWaitsToRead) = (false, false)
    /// A value for the owner's use, such as a rank. Used on the loop's thread.
    public var tag = 0

    /// Takes ownership of a connected, authenticated socket.
    init(descriptor: Int32, loop: EventLoop, session: TLSSession?, identity: PeerIdentity?, admission: AdmissionState?) {
        socket = LinkSocket(owning: descriptor, session: session, keepAliveTimeout: loop.security.limits.keepAliveTimeout)
        (self.loop, self.identity, self.admission) = (loop, identity, admission)
        // TLS already authenticates every byte.
        reader.verifiesPayload = session == nil
        writer.computesChecksums = session == nil
        local = SocketAddress.end(of: descriptor, remote: false) ?? SocketAddress(host: "?", port: 0)
        remote = SocketAddress.end(of: descriptor, remote: true) ?? SocketAddress(host: "?", port: 0)
    }

    /// Starts to read, and passes received frames to `receiver`.
    public func start(_ receiver: any LinkReceiver) {
        loop.submit { [self] in
            self.receiver = receiver
            guard isOpen else { return }
            watch()
            // TLS may have read frames together with the end of the handshake.
            if socket.session != nil { receive() }
        }
    }

    /// Queues a frame behind those sent before. Once the connection has ended, frames are dropped. May be called from any
    /// thread, and does not block.
    public func send(_ header: FrameHeader, _ payload: Payload = .none) {
        let isFirst = queue.update { queue in
            guard !queue.isClosed else { return false }
            queue.frames.append(FrameWriter.Frame(header, payload))
            return queue.frames.count == 1
        }
        if isFirst { loop.submit { [self] in flush() } }
    }

    /// Closes the connection after everything queued so far has been written.
    public func finish() {
        loop.submit { [self] in
            closesWhenSent = true
            flush()
        }
    }

    /// Closes the connection at once, and drops what is queued.
    public func cancel(_ reason: String = "closed here") {
        loop.submit { [self] in end(WireError(.closed, reason)) }
    }

    // MARK: On the loop's thread

    func ready(readable: Bool, writable: Bool) {
        if writable || readable && writeWaitsToRead { flush() }
        if readable || writable && readWaitsToWrite { receive() }
    }

    private func watch() {
        loop.watch(socket.descriptor, self, writable: !writer.isEmpty && !writeWaitsToRead || readWaitsToWrite)
    }

    private func end(_ error: WireError) {
        guard isOpen else { return }
        isOpen = false
        loop.unwatch(socket.descriptor)
        socket.shutDown()
        // If the link closes after its last frame, its owner has logged the reason.
        admission?.closed(remote, reason: closesWhenSent ? nil : error.description)
        writer.removeAll()
        queue.update { $0 = Queue(isClosed: true) }
        let owner = receiver
        receiver = nil
        owner?.closed(self, error)
    }

    /// Ends the link because reading or writing failed.
    private func fail(_ error: any Error) {
        end(WireError(.closed, "connection to \(remote): \((error as? WireError)?.description ?? "\(error)")"))
    }

    private func receive() {
        // The bound per call keeps one busy peer from delaying the others.
        var budget = 4 << 20
        while isOpen, budget > 0 {
            do {
                if let (header, payload) = try reader.next({ try destination(for: $0) }) {
                    try deliver(header, payload)
                    continue
                }
            } catch {
                return reject(error as? WireError ?? WireError(.malformed, "\(error)"))
            }
            let transfer: Transfer
            do { transfer = try reader.read(from: socket, atMost: budget) } catch { return fail(error) }
            switch transfer {
            case .moved(let count): budget -= count
            case .wantsRead: return readWaited(toWrite: false)
            case .wantsWrite: return readWaited(toWrite: true)
            case .ended: return end(WireError(.closed, "\(remote) closed the connection"))
            }
        }
        // Bytes that TLS has buffered do not make the socket readable.
        if isOpen, socket.session?.hasPending == true { loop.submit { [self] in receive() } }
    }

    private func destination(for header: FrameHeader) throws -> PayloadDestination {
        guard let receiver else { throw WireError(.closed, "the connection has no receiver") }
        guard let admission, !admission.isAdmitted else { return try receiver.destination(for: header, on: self) }
        return try admission.destination(for: header)
    }

    private func deliver(_ header: FrameHeader, _ payload: [UInt8]) throws {
        guard let admission, !admission.isAdmitted else {
            try receiver?.received(header, payload: payload, on: self)
            return
        }
        try admission.policy.checkFirst(payload)
        try receiver?.received(header, payload: payload, on: self)
        // A peer that was not admitted receives the answer already queued, and is then disconnected.
        if !admission.isAdmitted { finish() }
    }

    /// Admits the peer, which ends the limits on pending connections. Called on the loop's thread.
    public func admit() { admission?.admit() }

    func shed(_ reason: String) { end(WireError(.timeout, reason)) }

    /// Closes the connection because of what the peer sent. A peer that was refused admission is sent the reason first.
    private func reject(_ error: WireError) {
        guard error.code == .refused, let admission, !admission.isAdmitted else { return end(error) }
        admission.refused(remote, error.description)
        send(FrameHeader(.control), .bytes(admission.policy.refusal(error.description)))
        finish()
    }

    private func readWaited(toWrite: Bool) {
        guard readWaitsToWrite != toWrite else { return }
        readWaitsToWrite = toWrite
        watch()
    }

    private func flush() {
        guard isOpen, pausedUntil == 0 || MonotonicClock.now >= pausedUntil else { return }
        writer.append(
            queue.update { queue in
                defer { queue.frames = [] }
                return queue.frames
            })
        writeWaitsToRead = false
        sending: while !writer.isEmpty {
            if let header = writer.encodeFirst(), let fault = FaultInjector.shared?.fault(at: header), inject(fault) { break }
            let transfer: Transfer
            do { transfer = try writeFirst() } catch { return fail(error) }
            switch transfer {
            case .moved(let count): writer.advance(count)
            case .wantsWrite: break sending
            case .wantsRead:
                writeWaitsToRead = true
                break sending
            case .ended: return end(WireError(.closed, "\(remote) closed the connection"))
            }
        }
        if writer.isEmpty, closesWhenSent { return end(WireError(.closed, "closed here")) }
        if receiver != nil { watch() }
    }

    /// Writes as much of the first frame as the socket accepts.
    private func writeFirst() throws -> Transfer { try writer.withUnsentBytes { try socket.write($0, $1) } }

    /// Applies a fault to the first queued frame, which is encoded.
    /// - Returns: whether to stop sending.
    private func inject(_ fault: Fault) -> Bool {
        switch fault.kind {
        case .drop, .lose:
            writer.dropFirst(leavesGap: fault.kind == .drop)
            return writer.isEmpty
        case .cut:
            writer.truncateFirst()
            _ = try? writeFirst()
            end(WireError(.closed, "cut by an injected fault"))
            return true
        case .flip: writer.flipBitOfFirst()
        case .duplicate: writer.repeatFirst()
        case .delay:
            pausedUntil = MonotonicClock.now + (fault.seconds ?? 1)
            loop.schedule(after: fault.seconds ?? 1) { [weak self] in self?.flush() }
            return true
        case .halfOpen:
            pausedUntil = .infinity
            return true
        case .stop: kill(getpid(), SIGSTOP)
        case .kill: kill(getpid(), SIGKILL)
        case .clock: WallClock.jump(by: fault.seconds ?? 3600)
        case .hang: usleep(UInt32((fault.seconds ?? 1) * 1e6))
        }
        return false
    }
}
