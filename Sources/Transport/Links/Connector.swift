import Glibc
import Platform
public import Security

/// Opens connections.
public enum Connector {
    /// Connects and authenticates both sides. Blocks its thread, so it must never be called on an event loop's.
    /// - Parameters:
    ///   - expected: the role that the peer's certificate must have, under TLS; nil accepts any role.
    ///   - timeout: seconds for connecting to each address of the host, and as many for the handshake.
    /// - Throws: `WireError` if the address cannot be reached, or either side rejects the other.
    public static func connect(
        to address: SocketAddress, loop: EventLoop, expecting expected: PeerRole? = nil, timeout: Double = 10
    ) throws -> Link {
        var failure = "the host has no address"
        let descriptor = try address.resolve { entry -> Int32? in
            let descriptor = socket(
                entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            var code = Glibc.connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 ? 0 : errno
            if code == EINPROGRESS { code = outcome(of: descriptor, timeout: timeout) }
            if code == 0 { return descriptor }
            failure = String(cString: strerror(code))
            close(descriptor)
            return nil
        }
        guard let descriptor else { throw WireError(.system, "cannot connect to \(address): \(failure)") }
        do {
            let (session, identity) = try ClientHandshake.perform(
                descriptor, to: address, security: loop.security, expecting: expected, timeout: timeout)
            return Link(descriptor: descriptor, loop: loop, session: session, identity: identity, admission: nil)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Waits until a connection that was begun is made or has failed.
    /// - Parameter timeout: seconds.
    /// - Returns: 0 if it is made, or else the system's error code.
    package static func outcome(of descriptor: Int32, timeout: Double) -> Int32 {
        let deadline = MonotonicClock.now + timeout
        while true {
            let rest = deadline - MonotonicClock.now
            guard rest > 0 else { return ETIMEDOUT }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let count = poll(&waiting, 1, Int32(min(rest, 60) * 1000) + 1)
            if count > 0 { break }
            // A signal says nothing about the connection.
            if count < 0, errno != EINTR { return errno }
        }
        var code: Int32 = 0
        var length = socklen_t(4)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// Connects to a coordinator that may not be listening yet, by trying repeatedly.
    /// - Parameters:
    ///   - patience: seconds to keep trying.
    ///   - isCancelled: checked after each failed attempt; ends the attempts.
    /// - Throws: `WireError` of the last attempt. Errors of code `refused` are final, except while the coordinator may not
    ///   have published its token yet. Another user's process at the address is reported once, and the coordinator is still
    ///   waited for.
    public static func connectWithRetries(
        to address: SocketAddress, loop: EventLoop, patience: Double, isCancelled: () -> Bool = { false }
    ) throws -> Link {
        let deadline = MonotonicClock.now + patience
        var firstRefusal: Double?
        var hasWarned = false
        while true {
            do {
                return try connect(to: address, loop: loop, expecting: .coordinator)
            } catch {
                let now = MonotonicClock.now
                var isFinal = now > deadline || isCancelled()
                if let error = error as? WireError, error.code == .refused {
                    // A coordinator that has just started may not have published its token yet.
                    isFinal = isFinal || !loop.security.expectsPublishedToken || now - (firstRefusal ?? now) > 1
                    firstRefusal = firstRefusal ?? now
                }
                if isFinal { throw error }
                if let error = error as? WireError, error.code == .foreign, !hasWarned {
                    hasWarned = true
                    loop.security.refused("the coordinator is not there yet: \(error)")
                }
                usleep(100_000)
            }
        }
    }
}
