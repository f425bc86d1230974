import CLinux
import Glibc

/// Accepts connections on one address.
public final class Listener: @unchecked Sendable, EventHandler {
    public let address: SocketAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let accepted: @Sendable (Link) -> Void

    /// Binds and listens; port 0 lets the system choose. There is no falling back to another address.
    /// - Parameter accepted: called on the loop's thread for each connection, which reads nothing until started.
    public init(_ address: SocketAddress, loop: EventLoop, accepted: @escaping @Sendable (Link) -> Void) throws {
        var failure = ""
        let descriptor = try address.resolve { entry -> Int32? in
            let descriptor = socket(entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
            if bind(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0, listen(descriptor, 128) == 0 {
                return descriptor
            }
            failure =
                errno == EADDRINUSE
                ? "the port is in use; stop the other process or name another port (0 takes a free one)"
                : String(cString: strerror(errno))
            close(descriptor)
            return nil
        }
        guard let descriptor else { throw WireError(.system, "cannot listen on \(address): \(failure)") }
        colonnade_set_nonblocking(descriptor)
        self.descriptor = descriptor
        self.address = SocketAddress.end(of: descriptor, remote: false) ?? address
        self.loop = loop
        self.accepted = accepted
        loop.submit { [self] in loop.watch(descriptor, self) }
    }

    deinit { close(descriptor) }

    /// Accepts no more.
    public func stop() { loop.submit { [self] in loop.unwatch(descriptor) } }

    func ready(readable: Bool, writable: Bool) {
        while true {
            let connection = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            guard connection >= 0 else { return }
            accepted(Link(descriptor: connection, loop: loop))
        }
    }
}
