import Glibc
import Platform
import Security

/// The connecting side of the security handshake: the preamble or the TLS handshake. Blocks its thread.
enum ClientHandshake {
    /// Authenticates both sides of a new connection.
    /// - Parameters:
    ///   - descriptor: a connected, nonblocking socket; the caller keeps ownership.
    ///   - expected: the role that the peer's certificate must have; nil accepts any role.
    ///   - timeout: seconds for the whole handshake.
    /// - Returns: the TLS session and the peer's identity; both are nil without TLS.
    /// - Throws: `WireError` if either side rejects the other, or the peer does not answer in time.
    static func perform(
        _ descriptor: Int32, to address: SocketAddress, security: LinkSecurity, expecting expected: PeerRole?, timeout: Double
    ) throws -> (session: TLSSession?, identity: PeerIdentity?) {
        let deadline = MonotonicClock.now + timeout
        switch security.protection {
        case .plain(let source):
            let isCoordinator = expected == .coordinator
            let token = isCoordinator ? try source.token(for: address) : source.current
            // A token that a file or option names may be another user's. A published one is of this user, as is its coordinator; the port
            // may be somebody else's by now.
            let peer = token == nil || isCoordinator && security.expectsPublishedToken ? LocalPeer(descriptor) : nil
            try peer?.checkListener()
            try exchangePreamble(
                ConnectorPreamble(address: address, token: token, remedy: source.remedy), descriptor, address, deadline: deadline)
            if token == nil { try peer?.checkAnswer() }
            return (nil, nil)
        case .encrypted(let material):
            let session = try material.session(descriptor: descriptor, isListener: false)
            do {
                let identity = try performTLSHandshake(session, descriptor, address, deadline: deadline)
                guard expected == nil || identity.role == expected else {
                    throw WireError(
                        .refused, "its certificate is a \(identity.role.rawValue)'s, but it must be a \(expected?.rawValue ?? "")'s")
                }
                return (session, identity)
            } catch let error as WireError {
                session.finish()
                throw WireError(error.code, "\(address): \(error)")
            }
        }
    }

    private static func exchangePreamble(
        _ preamble: ConnectorPreamble, _ descriptor: Int32, _ address: SocketAddress, deadline: Double
    ) throws {
        try send(preamble.request, descriptor, address)
        var answer: [UInt8] = []
        while answer.count < Preamble.answerCount {
            var part = [UInt8](repeating: 0, count: Preamble.answerCount - answer.count)
            let count = recv(descriptor, &part, part.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                try wait(descriptor, POLLIN, address, deadline: deadline)
                continue
            }
            guard count > 0 else { break }
            answer += part.prefix(count)
        }
        let result = preamble.evaluate(answer)
        if !result.send.isEmpty { try send(result.send, descriptor, address) }
        if let refusal = result.refusal { throw refusal }
    }

    private static func performTLSHandshake(
        _ session: TLSSession, _ descriptor: Int32, _ address: SocketAddress, deadline: Double
    ) throws -> PeerIdentity {
        func complete(_ body: () throws -> Transfer) throws -> Int {
            while true {
                switch try body() {
                case .moved(let count): return count
                case .wantsRead: try wait(descriptor, POLLIN, address, deadline: deadline)
                case .wantsWrite: try wait(descriptor, POLLOUT, address, deadline: deadline)
                case .ended: throw WireError(.closed, "it closed the connection; see its log for the reason")
                }
            }
        }
        _ = try complete { try session.handshake() }
        let identity = try session.identity()
        // The handshake of TLS 1.3 ends here before the listener has verified this side's certificate.
        var word = [UInt8](repeating: 0, count: Preamble.headCount)
        var filled = 0
        while filled < word.count {
            filled += try word.withUnsafeMutableBytes { memory in
                try complete { try session.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[filled...])) }
            }
        }
        guard word == Preamble.head(.accepted) else {
            throw WireError(.refused, "it speaks another version of the protocol; run the same release of colonnade everywhere")
        }
        return identity
    }

    /// Sends a preamble, which always fits the send buffer of a new connection.
    private static func send(_ bytes: [UInt8], _ descriptor: Int32, _ address: SocketAddress) throws {
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw WireError(.closed, "\(address) closed the connection")
        }
    }

    private static func wait(_ descriptor: Int32, _ events: Int32, _ address: SocketAddress, deadline: Double) throws {
        while true {
            let rest = deadline - MonotonicClock.now
            guard rest > 0 else {
                throw WireError(.timeout, "\(address) does not answer; check the address, and that the process is not stopped")
            }
            var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&waiting, 1, Int32(min(rest, 60) * 1000) + 1)
            if count > 0 { return }
            if count < 0, errno != EINTR { throw WireError(.system, "cannot wait for \(address): \(String(cString: strerror(errno)))") }
        }
    }
}
