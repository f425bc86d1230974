import Glibc

/// Options of a connected socket.
enum SocketOptions {
    /// Enables TCP keep-alive: the system probes a silent peer's host, and ends the connection if nothing answers.
    /// - Parameter timeout: seconds from the last received packet to the end of the connection.
    static func enableKeepAlive(_ descriptor: Int32, timeout: Int) {
        let probes = 4
        let interval = max(1, timeout / (2 * probes))
        for (level, option, value) in [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, max(1, timeout - probes * interval)),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, interval), (Int32(IPPROTO_TCP), TCP_KEEPCNT, probes),
        ] {
            var value = Int32(clamping: value)
            setsockopt(descriptor, level, option, &value, 4)
        }
    }
}
