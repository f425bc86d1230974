import Glibc
import Security

/// The process at the other end of a connection that stays on this machine, by its user. Any user may listen on a port; without a token or
/// certificate, only the system knows whose process answers there.
struct LocalPeer {
    private let own, peer: SocketAddress

    /// - Returns: nil if the connection leaves this machine.
    init?(_ descriptor: Int32) {
        guard let own = SocketAddress.end(of: descriptor, remote: false), let peer = SocketAddress.end(of: descriptor, remote: true),
            peer.isLoopback || own.host == peer.host
        else { return nil }
        (self.own, self.peer) = (own, peer)
    }

    /// Checks who listens, before anything is sent.
    /// - Throws: `WireError` of the code `foreign` if that is another user than this process's or root.
    func checkListener() throws {
        let users = ConnectionTable.listeners(at: peer, in: Self.tables() ?? [])
        if let user = users.first(where: { !Self.isTrusted($0) }) { throw foreign(user) }
    }

    /// Checks who has accepted the connection, after the peer has sent something: the port may have changed hands since it was connected to.
    /// - Throws: `WireError` of the code `foreign` unless that is this process's user or root.
    func checkAnswer() throws {
        // A system without these tables says nothing about anybody.
        guard let text = Self.tables() else { return }
        guard let user = ConnectionTable.user(of: peer, connectedTo: own, in: text) else {
            throw WireError(.closed, "\(peer) closed the connection")
        }
        if !Self.isTrusted(user) { throw foreign(user) }
    }

    private static func isTrusted(_ user: UInt32) -> Bool { user == 0 || user == geteuid() }

    private func foreign(_ user: UInt32) -> WireError {
        WireError(
            .foreign,
            "\(peer) is a process of user \(user), not of user \(geteuid()) who runs this one; if it is the run's coordinator, give both sides the "
                + "run's token with --token-file, otherwise choose another port")
    }

    /// Reads both tables.
    /// - Returns: nil if the system has none.
    private static func tables() -> [UInt8]? {
        let texts = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap(content)
        return texts.isEmpty ? nil : Array(texts.joined(separator: [0x0A]))
    }

    /// Files of /proc have no size before they are read.
    private static func content(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        // 150 bytes a connection: more than a machine has.
        while text.count < 1 << 28 {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += part[..<count]
        }
        return text
    }
}
