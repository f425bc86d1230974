import Glibc

/// Options of a connected socket.
enum SocketOptions {
    /// Has the system ask a silent peer's host whether it is there, and end the connection where nothing answers.
    /// - Parameter seconds: from the last sign of life to the end.
    static func noticeSilence(_ descriptor: Int32, after seconds: Int) {
        let questions = 4
        let interval = max(1, seconds / (2 * questions))
        for (level, option, value) in [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, max(1, seconds - questions * interval)),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, interval), (Int32(IPPROTO_TCP), TCP_KEEPCNT, questions),
        ] {
            var value = Int32(clamping: value)
            setsockopt(descriptor, level, option, &value, 4)
        }
    }
}
