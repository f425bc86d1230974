import CLinux
import Glibc
import Tensors
import SwiftProtobuf
import Threading

/// One connection: frames in order, both ways.
public final class Link: @unchecked Sendable, EventHandler {
    private struct Outgoing {
        var header: FrameHeader
        let payload: Payload
    }

    public let local: SocketAddress
    public let remote: SocketAddress
    /// Who the peer is by its certificate; nil without TLS.
    public let identity: PeerIdentity?
    private let descriptor: Int32
    private let loop: EventLoop
    /// Nil where bytes cross as they are.
    private let session: TLSSession?
    private let queue = Monitor<[Outgoing]>([])

    // Touched by the loop's thread only.
    private var receiver: (any LinkReceiver)?
    private var reader = FrameReader()
    private var sending: [Outgoing] = []
    private var headerBytes: [UInt8] = []
    private var sent = 0
    private var nextSequence: UInt64 = 0
    private var isOpen = true
    private var closesWhenSent = false
    /// By injected faults: when sending goes on, and a frame that is sent again.
    private var pausedUntil = 0.0
    private var repeated: (header: [UInt8], payload: [UInt8])?
    /// Of an accepted connection; nil where this side has connected, and chosen whom it trusts.
    private let stranger: AdmissionState?
    /// What TLS waits for where it is not what was asked of it.
    private var (readWaitsToWrite, writeWaitsToRead) = (false, false)
    /// The owner's own word on the link: a rank, a role. On the loop's thread.
    public var tag = 0

    /// Takes over a connected socket.
    init(descriptor: Int32, loop: EventLoop, session: TLSSession?, identity: PeerIdentity?, stranger: AdmissionState?) {
        (self.descriptor, self.loop) = (descriptor, loop)
        (self.session, self.identity, self.stranger) = (session, identity, stranger)
        // TLS authenticates every byte already.
        reader.verifiesPayload = session == nil
        local = SocketAddress.end(of: descriptor, remote: false) ?? SocketAddress(host: "?", port: 0)
        remote = SocketAddress.end(of: descriptor, remote: true) ?? SocketAddress(host: "?", port: 0)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        colonnade_set_nonblocking(descriptor)
        SocketOptions.enableKeepAlive(descriptor, timeout: loop.security.limits.keepAliveTimeout)
    }

    deinit { close(descriptor) }

    /// Starts to read. Frames go to `receiver` from now on.
    public func start(_ receiver: any LinkReceiver) {
        loop.submit { [self] in
            self.receiver = receiver
            guard isOpen else { return }
            watch()
            // The handshake may have read what came after it.
            if session != nil { receive() }
        }
    }

    /// Sends a frame after those that were sent before. May be called from any thread; does not wait.
    public func send(_ header: FrameHeader, _ payload: Payload = .none) {
        let isFirst = queue.update { queue in
            queue.append(Outgoing(header: header, payload: payload))
            return queue.count == 1
        }
        if isFirst { loop.submit { [self] in flush() } }
    }

    /// Sends a control message.
    public func send(_ message: WireControlMessage, run: UInt64 = 0, attempt: UInt32 = 0) {
        var header = FrameHeader(.control)
        (header.run, header.attempt) = (run, attempt)
        // Serialization of these messages cannot fail: they have no required fields.
        let bytes: [UInt8] = (try? message.serializedBytes()) ?? []
        send(header, .bytes(bytes))
    }

    /// Closes when everything sent so far has left.
    public func finish() {
        loop.submit { [self] in
            closesWhenSent = true
            flush()
        }
    }

    /// Closes at once.
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
        leave(reason: error.description)
        sending = []
        let owner = receiver
        receiver = nil
        owner?.closed(self, error)
    }

    private func leave(reason: String) {
        // A service that refuses somebody says so itself.
        stranger?.closed(remote, reason: closesWhenSent ? nil : reason)
    }

    private func receive() {
        var staging: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        // A bound on one turn, so that one busy peer does not keep the others waiting.
        var budget = 4 << 20
        while isOpen, budget > 0 {
            do {
                if let (header, payload) = try reader.next({ try destination(for: $0) }) {
                    try deliver(header, payload)
                    continue
                }
            } catch {
                return refuse(error as? WireError ?? WireError(.malformed, "\(error)"))
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
        // Bytes that TLS has read and nobody has taken do not make the socket readable.
        if isOpen, session?.hasPending == true { loop.submit { [self] in receive() } }
    }

    /// A stranger may send one control frame, of a greeting's size.
    private func destination(for header: FrameHeader) throws -> PayloadDestination {
        guard let receiver else { throw WireError(.closed, "nobody reads this connection") }
        guard let stranger, !stranger.isAdmitted else { return try receiver.destination(for: header, on: self) }
        guard header.kind == .control, !stranger.hasSpoken else {
            throw WireError(.malformed, "it sent a \(header.kind) frame before it had introduced itself")
        }
        stranger.hasSpoken = true
        return .bytes(limit: stranger.limits.helloBytes)
    }

    private func deliver(_ header: FrameHeader, _ payload: [UInt8]) throws {
        guard let stranger, !stranger.isAdmitted else {
            try receiver?.received(header, payload: payload, on: self)
            return
        }
        guard case .hello? = try WireControlMessage(payload: payload).body else {
            throw WireError(.malformed, "it did not introduce itself")
        }
        try receiver?.received(header, payload: payload, on: self)
        // Whoever is not admitted by its greeting gets what was said to it, and no more.
        if !stranger.isAdmitted { finish() }
    }

    /// Takes the peer in. On the loop's thread.
    public func admit() { stranger?.admit() }

    func shed(_ reason: String) { end(WireError(.timeout, reason)) }

    /// Ends the connection over what the peer sent; one that was refused is told why.
    private func refuse(_ error: WireError) {
        guard error.code == .refused, let stranger, !stranger.isAdmitted else { return end(error) }
        let refusal = WireControlMessage.with { $0.refusal.reason = error.description }
        stranger.isRefused(remote, error.description)
        send(refusal)
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

    /// Reads what is there, straight into its place.
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
            defer { queue = [] }
            return queue
        }
        writeWaitsToRead = false
        sending: while !sending.isEmpty {
            if headerBytes.isEmpty {
                encodeFirst()
                if let fault = FaultInjector.shared?.fault(at: sending[0].header), commit(fault) { break }
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
                    // Numbered as before, by an injected fault.
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

    /// Numbers the first frame and computes its checksums, when its turn has come.
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

    /// Lets something go wrong with the first frame, which is encoded.
    /// - Returns: whether sending ends here.
    private func commit(_ fault: Fault) -> Bool {
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

    /// Writes as much of the first frame as the socket takes.
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

    /// The header shares a record with the payload's start; the rest goes from where it lies.
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
