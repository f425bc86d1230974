import Glibc

/// Opens connections.
public enum Connector {
    /// Connects, and has both sides prove themselves, waiting; call it from a thread that may wait, never from a loop's.
    /// - Parameters:
    ///   - expected: what the peer has to be by its certificate, under TLS.
    ///   - timeout: seconds for one attempt, and as many for the proof.
    public static func connect(
        to address: SocketAddress, loop: EventLoop, expecting expected: PeerRole? = nil, timeout: Double = 10
    ) throws -> Link {
        var failure = "no address"
        let descriptor = try address.resolve { entry -> Int32? in
            let descriptor = socket(
                entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            var code = Glibc.connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 ? 0 : errno
            if code == EINPROGRESS {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                var length = socklen_t(4)
                if poll(&waiting, 1, Int32(timeout * 1000)) == 0 {
                    code = ETIMEDOUT
                } else {
                    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
                }
            }
            if code == 0 { return descriptor }
            failure = String(cString: strerror(code))
            close(descriptor)
            return nil
        }
        guard let descriptor else { throw WireError(.system, "cannot connect to \(address): \(failure)") }
        do {
            let (session, identity) = try ClientHandshake.make(
                descriptor, to: address, security: loop.security, expecting: expected, timeout: timeout)
            return Link(descriptor: descriptor, loop: loop, session: session, identity: identity, stranger: nil)
        } catch {
            close(descriptor)
            throw error
        }
    }
}
