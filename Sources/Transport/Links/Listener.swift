import CLinux
import Glibc
public import Security

/// Accepts connections on one address, and passes the authenticated ones to its owner.
public final class Listener: @unchecked Sendable, EventHandler {
    public let address: SocketAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let admission: any AdmissionPolicy
    private let accepted: @Sendable (Link) -> Void
    private let connections: PendingConnections
    private let journal: RefusalJournal
    private var isStopped = false

    /// Binds and listens; with port 0 the system chooses a free one. Never falls back to another address.
    /// - Parameters:
    ///   - admission: checks the only frame that a connection may send before it is admitted, a control frame.
    ///   - accepted: called on the loop's thread for each authenticated connection, which reads nothing until it is started.
    /// - Throws: `WireError` if the address cannot be resolved or bound.
    public init(
        _ address: SocketAddress, loop: EventLoop, admission: any AdmissionPolicy, accepted: @escaping @Sendable (Link) -> Void
    ) throws {
        var failure = ""
        let descriptor = try address.resolve { entry -> Int32? in
            // Debian maps a machine's own name to such an address, but a host name is given for other machines to reach it.
            if !address.isLoopback, let found = SocketAddress(entry.pointee), found.isLoopback {
                failure =
                    "the name stands for \(found.host) here (see /etc/hosts), which only this machine can reach; "
                    + "name an address that other machines can reach"
                return nil
            }
            let descriptor = socket(entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
            if bind(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0, listen(descriptor, 128) == 0 {
                return descriptor
            }
            failure =
                errno == EADDRINUSE
                ? "the port is in use; stop the other process or name another port (0 chooses a free one)"
                : String(cString: strerror(errno))
            close(descriptor)
            return nil
        }
        guard let descriptor else { throw WireError(.system, "cannot listen on \(address): \(failure)") }
        colonnade_set_nonblocking(descriptor)
        self.descriptor = descriptor
        self.address = SocketAddress.end(of: descriptor, remote: false) ?? address
        self.loop = loop
        (self.admission, self.accepted) = (admission, accepted)
        connections = PendingConnections(limits: loop.security.limits, loop: loop)
        journal = RefusalJournal(loop.security.refused)
        loop.submit { [self] in loop.watch(descriptor, self) }
    }

    deinit { close(descriptor) }

    /// Stops accepting connections, and closes the pending ones.
    public func stop() {
        loop.submit { [self] in
            isStopped = true
            loop.unwatch(descriptor)
            connections.shedAll()
        }
    }

    // MARK: On the loop's thread

    func ready(readable: Bool, writable: Bool) {
        // The bound per call keeps a flood from delaying the run's connections.
        for _ in 0..<16 {
            guard !isStopped else { return }
            let connection = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            if connection >= 0 {
                startHandshake(connection)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The connection stays in the system's queue, so epoll would report it again at once.
                if !connections.shedOldest("this process has no descriptor left") { pause() }
                return
            default: continue
            }
        }
    }

    private func pause() {
        loop.unwatch(descriptor)
        loop.schedule(after: 0.1) { [weak self] in
            guard let self, !isStopped else { return }
            loop.watch(descriptor, self)
        }
    }

    private func startHandshake(_ connection: Int32) {
        let remote = SocketAddress.end(of: connection, remote: true) ?? SocketAddress(host: "?", port: 0)
        guard !connections.isFull else {
            close(connection)
            return journal.refused(remote, "there are \(connections.open) connections already")
        }
        var id = 0
        let handshake = ServerHandshake(descriptor: connection, remote: remote, loop: loop) { [weak self] _, result in
            self?.finishHandshake(id, remote, result)
        }
        id = connections.add(handshake)
        handshake.start()
    }

    private func finishHandshake(_ id: Int, _ remote: SocketAddress, _ result: Result<ServerHandshake.Established, WireError>) {
        switch result {
        case .failure(let error):
            connections.closed(id)
            journal.refused(remote, error.description)
        case .success(let established):
            let state = AdmissionState(
                id: id, policy: admission, connections: connections, journal: journal, limits: loop.security.limits)
            let link = Link(
                descriptor: established.descriptor, loop: loop, session: established.session, identity: established.identity,
                admission: state)
            connections.replace(id, by: link)
            accepted(link)
        }
    }
}
