import Glibc
import Security

extension SocketAddress {
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
