import Glibc

/// TCP on this machine, byte by byte.
package enum LocalSocket {
    /// Connects to a port.
    /// - Returns: the descriptor, which the caller closes; nil if nothing accepts connections there.
    package static func connect(to port: UInt16, host: String = "127.0.0.1") -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(host, port, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Bounds the time that a read waits for bytes.
    package static func limitReading(_ descriptor: Int32, seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Returns a port that is free on all of some addresses, for programs that cannot choose one themselves.
    ///
    /// It is below the range that the system takes ports of outgoing connections from, so that none of them takes it meanwhile.
    package static func freePort(on hosts: [String] = ["127.0.0.1"]) -> UInt16? {
        for _ in 0..<200 {
            let port = UInt16.random(in: 20_000...29_999)
            if hosts.allSatisfy({ isFree(port, on: $0) }) { return port }
        }
        return nil
    }

    private static func isFree(_ port: UInt16, on host: String) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(host, port) { bind(descriptor, $0, $1) } == 0
    }

    private static func withAddress<Result>(_ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result)
        -> Result
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
