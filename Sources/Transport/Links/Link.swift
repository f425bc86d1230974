import CLinux
import Glibc
import Platform
public import Security
import Tensors

/// One connection, which sends and receives frames in order.
public final class Link: @unchecked Sendable, EventHandler {
    private struct Outgoing {
        var header: FrameHeader
        let payload: Payload
    }

    /// Frames that the loop has not taken over yet.
    private struct Queue {
        var frames: [Outgoing] = []
        var isClosed = false
    }

    public let local: SocketAddress
    public let remote: SocketAddress
    /// The identity in the peer's certificate; nil without TLS.
    public let identity: PeerIdentity?
    private let descriptor: Int32
    private let loop: EventLoop
    /// Nil without TLS.
    private let session: TLSSession?
    private let queue = Monitor(Queue())

    // Touched by the loop's thread only.
    private var receiver: (any LinkReceiver)?
    private var reader = FrameReader()
    private var sending: [Outgoing] = []
    private var headerBytes: [UInt8] = []
    private var sent = 0
    private var nextSequence: UInt64 = 0
    private var isOpen = true
    private var closesWhenSent = false
    /// Set by an injected fault: the time at which sending resumes, and a frame to send a second time.
    private var pausedUntil = 0.0
    private var repeated: (header: [UInt8], payload: [UInt8])?
    /// Nil if this side opened the connection, since it has then chosen whom to trust.
    private let admission: AdmissionState?
    /// Whether TLS must write before it can read, or read before it can write.
    private var (readWaitsToWrite, writeWaitsToRead) = (false, false)
    /// A value for the owner's use, such as a rank. Used on the loop's thread.
    public var tag = 0

    /// Takes ownership of a connected, authenticated socket.
    init(descriptor: Int32, loop: EventLoop, session: TLSSession?, identity: PeerIdentity?, admission: AdmissionState?) {
        (self.descriptor, self.loop) = (descriptor, loop)
        (self.session, self.identity, self.admission) = (session, identity, admission)
        // TLS already authenticates every byte.
        reader.verifiesPayload = session == nil
        local = SocketAddress.end(of: descriptor, remote: false) ?? SocketAddress(host: "?", port: 0)
        remote = SocketAddress.end(of: descriptor, remote: true) ?? SocketAddress(host: "?", port: 0)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        colonnade_set_nonblocking(descriptor)
        SocketOptions.enableKeepAlive(descriptor, timeout: loop.security.limits.keepAliveTimeout)
    }

    deinit { close(descriptor) }

    /// Starts to read, and passes received frames to `receiver`.
    public func start(_ receiver: any LinkReceiver) {
        loop.submit { [self] in
            self.receiver = receiver
            guard isOpen else { return }
            watch()
            // TLS may have read frames together with the end of the handshake.
            if session != nil { receive() }
        }
    }

    /// Queues a frame behind those sent before. Once the connection has ended, frames are dropped. May be called from any
    /// thread, and does not block.
    public func send(_ header: FrameHeader, _ payload: Payload = .none) {
        let isFirst = queue.update { queue in
            guard !queue.isClosed else { return false }
            queue.frames.append(Outgoing(header: header, payload: payload))
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
        loop.watch(descriptor, self, writable: !sending.isEmpty && !writeWaitsToRead || readWaitsToWrite)
    }

    private func end(_ error: WireError) {
        guard isOpen else { return }
        isOpen = false
        loop.unwatch(descriptor)
        session?.finish()
        shutdown(descriptor, Int32(SHUT_RDWR))
        // If the link closes after its last frame, whoever finished it has logged the reason.
        admission?.closed(remote, reason: closesWhenSent ? nil : error.description)
        sending = []
        repeated = nil
        queue.update { $0 = Queue(isClosed: true) }
        let owner = receiver
        receiver = nil
        owner?.closed(self, error)
    }

    private func receive() {
        var staging: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
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
            let wanted = reader.wanted
            let transfer: Transfer
            do {
                if let memory = reader.directDestination {
                    transfer = try read(into: UnsafeMutableRawBufferPointer(rebasing: memory.prefix(min(wanted, budget))))
                    if case .moved(let count) = transfer { reader.advance(count) }
                } else if wanted > 64 {
                    transfer = try withUnsafeTemporaryAllocation(byteCount: min(wanted, 65536), alignment: 16) { try collect($0) }
                } else {
                    transfer = try withUnsafeMutableBytes(of: &staging) {
                        try collect(UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
                    }
                }
            } catch {
                let reason = (error as? WireError)?.description ?? "\(error)"
                return end(WireError(.closed, "connection to \(remote): \(reason)"))
            }
            switch transfer {
            case .moved(let count): budget -= count
            case .wantsRead: return readWaited(toWrite: false)
            case .wantsWrite: return readWaited(toWrite: true)
            case .ended: return end(WireError(.closed, "\(remote) closed the connection"))
            }
        }
        // Bytes that TLS has buffered do not make the socket readable.
        if isOpen, session?.hasPending == true { loop.submit { [self] in receive() } }
    }

    /// Returns where to read a frame's payload. A pending connection may send only one control frame, of bounded size.
    private func destination(for header: FrameHeader) throws -> PayloadDestination {
        guard let receiver else { throw WireError(.closed, "the connection has no receiver") }
        guard let admission, !admission.isAdmitted else { return try receiver.destination(for: header, on: self) }
        guard header.kind == .control, !admission.hasReceivedFrame else {
            throw WireError(.malformed, "it sent a \(header.kind) frame before it was admitted")
        }
        admission.hasReceivedFrame = true
        return .bytes(limit: admission.limits.helloBytes)
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

    private func collect(_ memory: UnsafeMutableRawBufferPointer) throws -> Transfer {
        let transfer = try read(into: memory)
        if case .moved(let count) = transfer { reader.append(UnsafeRawBufferPointer(rebasing: memory[..<count])) }
        return transfer
    }

    /// Reads available bytes straight into their destination.
    private func read(into memory: UnsafeMutableRawBufferPointer) throws -> Transfer {
        if let session { return try session.read(into: memory) }
        while true {
            let count = recv(descriptor, memory.baseAddress, memory.count, 0)
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            if errno == EAGAIN { return .wantsRead }
            guard errno == EINTR else { throw WireError(.closed, String(cString: strerror(errno))) }
        }
    }

    private func flush() {
        guard isOpen, pausedUntil == 0 || MonotonicClock.now >= pausedUntil else { return }
        sending += queue.update { queue in
            defer { queue.frames = [] }
            return queue.frames
        }
        writeWaitsToRead = false
        sending: while !sending.isEmpty {
            if headerBytes.isEmpty {
                encodeFirst()
                if let fault = FaultInjector.shared?.fault(at: sending[0].header), inject(fault) { break }
            }
            let total = FrameHeader.byteCount + Int(sending[0].header.payloadCount)
            let transfer: Transfer
            do { transfer = try sendFirst() } catch {
                let reason = (error as? WireError)?.description ?? "\(error)"
                return end(WireError(.closed, "connection to \(remote): \(reason)"))
            }
            switch transfer {
            case .moved(let count):
                sent += count
                guard sent == total else { continue }
                let header = sending.removeFirst().header
                headerBytes = []
                sent = 0
                if let again = repeated {
                    // By an injected fault, with the same sequence number.
                    repeated = nil
                    sending.insert(Outgoing(header: header, payload: .bytes(again.payload)), at: 0)
                    headerBytes = again.header
                }
            case .wantsWrite: break sending
            case .wantsRead:
                writeWaitsToRead = true
                break sending
            case .ended: return end(WireError(.closed, "\(remote) closed the connection"))
            }
        }
        if sending.isEmpty, closesWhenSent { return end(WireError(.closed, "closed here")) }
        if receiver != nil { watch() }
    }

    /// Numbers the first queued frame, computes its checksums, and encodes its header.
    private func encodeFirst() {
        sending[0].header.sequence = nextSequence
        nextSequence += 1
        sending[0].payload.withBytes { bytes in
            sending[0].header.payloadCount = UInt32(bytes.count)
            sending[0].header.payloadChecksum = bytes.isEmpty || session != nil ? 0 : Digest.hash(bytes)
        }
        headerBytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        headerBytes.withUnsafeMutableBytes { sending[0].header.encode(into: $0) }
    }

    /// Applies a fault to the first queued frame, which is encoded.
    /// - Returns: whether to stop sending.
    private func inject(_ fault: Fault) -> Bool {
        switch fault.kind {
        case .drop, .lose:
            if fault.kind == .lose { nextSequence -= 1 }
            sending.removeFirst()
            headerBytes = []
            if sending.isEmpty { return true }
            encodeFirst()
        case .cut:
            sending[0] = Outgoing(header: sending[0].header, payload: .none)
            headerBytes.removeLast(headerBytes.count / 2)
            _ = try? sendFirst()
            end(WireError(.closed, "cut by an injected fault"))
            return true
        case .flip:
            if sending[0].header.payloadCount == 0 {
                headerBytes[33] ^= 4
            } else {
                var bytes = sending[0].payload.withBytes { Array($0) }
                bytes[bytes.count / 2] ^= 4
                sending[0] = Outgoing(header: sending[0].header, payload: .bytes(bytes))
            }
        case .duplicate: repeated = (headerBytes, sending[0].payload.withBytes { Array($0) })
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

    /// Writes as much of the first frame as the socket accepts.
    private func sendFirst() throws -> Transfer {
        try sending[0].payload.withBytes { payload in
            let headerRest = max(0, headerBytes.count - sent)
            let rest = UnsafeRawBufferPointer(rebasing: payload[max(0, sent - headerBytes.count)...])
            if let session { return try encrypt(session, headerRest, rest) }
            return try headerBytes.withUnsafeMutableBytes { header in
                var parts = [
                    iovec(iov_base: header.baseAddress.map { $0 + header.count - headerRest }, iov_len: headerRest),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: rest.baseAddress), iov_len: rest.count),
                ]
                return try parts.withUnsafeMutableBufferPointer { parts in
                    var message = msghdr()
                    message.msg_iov = parts.baseAddress
                    message.msg_iovlen = 2
                    while true {
                        let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                        if count >= 0 { return .moved(count) }
                        if errno == EAGAIN { return .wantsWrite }
                        guard errno == EINTR else { throw WireError(.closed, String(cString: strerror(errno))) }
                    }
                }
            }
        }
    }

    /// Encrypts the header and the payload's start as one record. The rest is encrypted from the payload's own memory.
    private func encrypt(_ session: TLSSession, _ headerRest: Int, _ payload: UnsafeRawBufferPointer) throws -> Transfer {
        guard headerRest > 0 else { return try session.write(payload) }
        let start = payload.prefix(TLSSession.recordCount - headerRest)
        return try withUnsafeTemporaryAllocation(byteCount: headerRest + start.count, alignment: 16) { record in
            record.copyBytes(from: headerBytes.suffix(headerRest))
            UnsafeMutableRawBufferPointer(rebasing: record[headerRest...]).copyBytes(from: start)
            return try session.write(UnsafeRawBufferPointer(record))
        }
    }
}
