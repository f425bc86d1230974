import Glibc

/// A host and port, written `HOST:PORT`.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

    /// Parses `127.0.0.1:7000`, `[::1]:7000` or `host:7000`.
    /// - Throws: `WireError` if the text has no host or no port.
    public init(parsing text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw WireError(.address, "\"\(text)\" is not an address; write HOST:PORT, such as 127.0.0.1:7070")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else {
            throw WireError(.address, "\"\(text)\" has no host; write HOST:PORT, such as 127.0.0.1:\(port)")
        }
        self.init(host: host, port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach the address. Numeric hosts are parsed, since a name may begin with "127." and
    /// resolve to any host.
    public var isLoopback: Bool {
        if host == "localhost" { return true }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
        return withUnsafeBytes(of: six) { $0.last == 1 && $0.dropLast().allSatisfy { $0 == 0 } }
    }

    /// Calls `body` with each address that the host resolves to, until it returns a value.
    /// - Throws: `WireError` if the host cannot be resolved.
    func resolve<Result>(_ body: (UnsafePointer<addrinfo>) -> Result?) throws -> Result? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw WireError(.system, "cannot find the host \(host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var entry = list
        while let current = entry {
            if let result = body(current) { return result }
            entry = current.pointee.ai_next
        }
        return nil
    }

    /// Returns the local or remote address of a connected socket.
    static func end(of descriptor: Int32, remote: Bool) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                remote ? getpeername(descriptor, $0, &length) : getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0 else { return nil }
        return withUnsafePointer(to: &storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddress($0, length) } }
    }

    /// Creates the numeric form of a resolved address.
    init?(_ entry: addrinfo) {
        guard let address = entry.ai_addr else { return nil }
        self.init(address, entry.ai_addrlen)
    }

    private init?(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: 32)
        let named = getnameinfo(
            address, length, &host, socklen_t(host.count), &service, socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
        guard named == 0 else { return nil }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        self.init(host: text(host), port: UInt16(text(service)) ?? 0)
    }
}
