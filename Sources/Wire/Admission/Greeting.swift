import Glibc

/// A connection that was accepted and is still proving itself: the preamble or the TLS handshake. On the loop's thread.
final class ServerHandshake: EventHandler, PendingConnection {
    /// A socket that may carry frames.
    struct Established {
        let descriptor: Int32
        let session: TLSSession?
        let identity: PeerIdentity?
    }

    let remote: SocketAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let finished: (ServerHandshake, Result<Established, WireError>) -> Void
    private var preamble: ListenerPreamble?
    private var session: TLSSession?
    private var isDone = false
    private var hasSeenStart = false

    /// - Parameter finished: called once; on success the socket is its new owner's.
    init(
        descriptor: Int32, remote: SocketAddress, loop: EventLoop,
        finished: @escaping (ServerHandshake, Result<Established, WireError>) -> Void
    ) {
        (self.descriptor, self.remote, self.loop, self.finished) = (descriptor, remote, loop, finished)
    }

    func start() {
        do {
            switch loop.security.protection {
            case .plain(let source): preamble = try ListenerPreamble(token: source.current)
            case .encrypted(let material):
                session = try TLSSession(material.context(), descriptor: descriptor, isListener: true)
            }
            loop.watch(descriptor, self)
        } catch { end(error) }
    }

    func ready(readable: Bool, writable: Bool) {
        guard !isDone else { return }
        do {
            if let session { try shakeHands(session) } else { try greet() }
        } catch { end(error) }
    }

    func shed(_ reason: String) { end(WireError(.timeout, reason)) }

    private func greet() throws {
        while let wanted = preamble?.wanted, wanted > 0 {
            var part = [UInt8](repeating: 0, count: wanted)
            let count = recv(descriptor, &part, wanted, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { throw WireError(.closed, "it closed the connection before it had introduced itself") }
            switch preamble?.take(Array(part.prefix(count))) {
            case nil: continue
            case .send(let bytes): try send(bytes)
            case .accept(let bytes):
                try send(bytes)
                return established(identity: nil)
            case .refuse(let bytes, let reason):
                try? send(bytes)
                drain()
                throw WireError(.refused, reason)
            }
        }
    }

    private func shakeHands(_ session: TLSSession) throws {
        try expectTLS()
        switch try session.handshake() {
        case .wantsRead: loop.watch(descriptor, self)
        case .wantsWrite: loop.watch(descriptor, self, writable: true)
        case .ended: throw WireError(.closed, "it closed the connection before it had introduced itself")
        case .moved:
            let identity = try session.identity()
            // In TLS 1.3 the connecting side is done before its certificate is judged: it waits for this word.
            guard case .moved(Preamble.headCount) = try Preamble.head(.accepted).withUnsafeBytes({ try session.write($0) }) else {
                throw WireError(.closed, "it does not read what it is sent")
            }
            established(identity: identity)
        }
    }

    /// Tells a peer that greets without TLS what it lacks: OpenSSL would only hang up.
    private func expectTLS() throws {
        var start = [UInt8](repeating: 0, count: Preamble.magic.count)
        guard !hasSeenStart, recv(descriptor, &start, start.count, Int32(MSG_PEEK)) == start.count else { return }
        hasSeenStart = true
        guard start == Preamble.magic else { return }
        try? send(Preamble.answer(.certificateWanted))
        drain()
        throw WireError(.refused, "it does not speak TLS; name its certificates with --certificates")
    }

    /// A new connection has room for a greeting's answer.
    private func send(_ bytes: [UInt8]) throws {
        guard bytes.isEmpty || Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw WireError(.closed, "it does not read what it is sent")
        }
    }

    /// Reads what has come, within bounds: unread bytes would have the system throw away the answer with the connection.
    private func drain() {
        var part = [UInt8](repeating: 0, count: 4096)
        _ = recv(descriptor, &part, part.count, 0)
    }

    private func established(identity: PeerIdentity?) {
        isDone = true
        loop.unwatch(descriptor)
        finished(self, .success(Established(descriptor: descriptor, session: session, identity: identity)))
    }

    private func end(_ error: any Error) {
        guard !isDone else { return }
        isDone = true
        loop.unwatch(descriptor)
        session = nil
        close(descriptor)
        finished(self, .failure(error as? WireError ?? WireError(.malformed, "\(error)")))
    }
}
