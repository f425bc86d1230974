import Glibc
import Security

/// The listening side of the security handshake on an accepted connection: the preamble or the TLS handshake. Used on the
/// loop's thread.
final class ServerHandshake: EventHandler, PendingConnection {
    /// An authenticated socket that may carry frames.
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
    private var hasCheckedStart = false

    /// - Parameter finished: called once; on success the callee owns the socket.
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
                session = try material.session(descriptor: descriptor, isListener: true)
            }
            loop.watch(descriptor, self)
        } catch { end(error) }
    }

    func ready(readable: Bool, writable: Bool) {
        guard !isDone else { return }
        do {
            if let session { try performTLSHandshake(session) } else { try exchangePreamble() }
        } catch { end(error) }
    }

    func shed(_ reason: String) { end(WireError(.timeout, reason)) }

    private func exchangePreamble() throws {
        while let wanted = preamble?.wanted, wanted > 0 {
            var part = [UInt8](repeating: 0, count: wanted)
            let count = recv(descriptor, &part, wanted, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { throw WireError(.closed, "it closed the connection before the handshake was complete") }
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

    private func performTLSHandshake(_ session: TLSSession) throws {
        try rejectUnencrypted()
        switch try session.handshake() {
        case .wantsRead: loop.watch(descriptor, self)
        case .wantsWrite: loop.watch(descriptor, self, writable: true)
        case .ended: throw WireError(.closed, "it closed the connection before the handshake was complete")
        case .moved:
            let identity = try session.identity()
            // In TLS 1.3 the connecting side finishes before its certificate is verified, so it waits for this word.
            guard case .moved(Preamble.headCount) = try Preamble.head(.accepted).withUnsafeBytes({ try session.write($0) }) else {
                throw WireError(.closed, "it does not read what is sent to it")
            }
            established(identity: identity)
        }
    }

    /// Informs a peer that connects without TLS that a certificate is required; OpenSSL would only disconnect.
    private func rejectUnencrypted() throws {
        var start = [UInt8](repeating: 0, count: Preamble.magic.count)
        guard !hasCheckedStart, recv(descriptor, &start, start.count, Int32(MSG_PEEK)) == start.count else { return }
        hasCheckedStart = true
        guard start == Preamble.magic else { return }
        try? send(Preamble.answer(.certificateWanted))
        drain()
        throw WireError(.refused, "it does not speak TLS; name its certificates with --certificates")
    }

    /// Sends an answer, which always fits the send buffer of a new connection.
    private func send(_ bytes: [UInt8]) throws {
        guard bytes.isEmpty || Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw WireError(.closed, "it does not read what is sent to it")
        }
    }

    /// Reads a bounded amount of received data. If unread bytes remained, closing the socket would reset the connection and
    /// discard the answer.
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
