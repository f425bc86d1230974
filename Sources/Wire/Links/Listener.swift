import CLinux
import Glibc

/// Accepts connections on one address, and hands on those that have proved themselves.
public final class Listener: @unchecked Sendable, EventHandler {
    public let address: SocketAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let accepted: @Sendable (Link) -> Void
    private let strangers: PendingConnections
    private let journal: RefusalJournal
    private var isStopped = false

    /// Binds and listens; port 0 lets the system choose. There is no falling back to another address.
    /// - Parameter accepted: called on the loop's thread for each connection, which reads nothing until started. It is a
    ///   stranger's until it is admitted: one control frame with a greeting is all that it may send.
    public init(_ address: SocketAddress, loop: EventLoop, accepted: @escaping @Sendable (Link) -> Void) throws {
        var failure = ""
        let descriptor = try address.resolve { entry -> Int32? in
            // Debian gives a machine's own name such an address: whoever names a host wants others to reach it.
            if !address.isLoopback, let found = SocketAddress(entry.pointee), found.isLoopback {
                failure = "the name stands for \(found.host) here (see /etc/hosts), which only this machine reaches; name the address that others reach"
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
        strangers = PendingConnections(limits: loop.security.limits, loop: loop)
        journal = RefusalJournal(loop.security.refused)
        loop.submit { [self] in loop.watch(descriptor, self) }
    }

    deinit { close(descriptor) }

    /// Accepts no more.
    public func stop() {
        loop.submit { [self] in
            isStopped = true
            loop.unwatch(descriptor)
            strangers.shedAll()
        }
    }

    // MARK: On the loop's thread

    func ready(readable: Bool, writable: Bool) {
        // A bound on one turn: a flood must not keep the connections of the run waiting.
        for _ in 0..<16 {
            guard !isStopped else { return }
            let connection = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            if connection >= 0 {
                greet(connection)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The connection stays in the system's queue, and the loop would be told of it again at once.
                if !strangers.shedOldest("this process has no descriptor left") { pause() }
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

    private func greet(_ connection: Int32) {
        let remote = SocketAddress.end(of: connection, remote: true) ?? SocketAddress(host: "?", port: 0)
        guard !strangers.isFull else {
            close(connection)
            return journal.refused(remote, "there are \(strangers.open) connections already")
        }
        var id = 0
        let greeting = ServerHandshake(descriptor: connection, remote: remote, loop: loop) { [weak self] _, result in
            self?.finished(id, remote, result)
        }
        id = strangers.add(greeting)
        greeting.start()
    }

    private func finished(_ id: Int, _ remote: SocketAddress, _ result: Result<ServerHandshake.Established, WireError>) {
        switch result {
        case .failure(let error):
            strangers.closed(id)
            journal.refused(remote, error.description)
        case .success(let established):
            let stranger = AdmissionState(id: id, strangers: strangers, journal: journal, limits: loop.security.limits)
            let link = Link(
                descriptor: established.descriptor, loop: loop, session: established.session, identity: established.identity,
                stranger: stranger)
            strangers.replace(id, by: link)
            accepted(link)
        }
    }
}
