import Glibc
package import Security

/// Reads the system's tables of TCP sockets, the texts of /proc/net/tcp and /proc/net/tcp6, which name the user of each.
///
/// A line is `sl local remote state queues timer retransmits uid timeout inode …`, with addresses as words of the machine's byte order.
package enum ConnectionTable {
    private struct Row {
        let local, remote: ArraySlice<UInt8>
        let isListening: Bool
        let user: UInt32
        /// 0 for a socket that no process holds: it is not accepted yet, or closed, and its user says nothing.
        let inode: UInt64
    }

    /// Returns the users of the sockets that accept connections to an address; empty if there is none.
    package static func listeners(at address: SocketAddress, in text: [UInt8]) -> [UInt32] {
        let (exact, any) = (fields(address), anyHost(address.port))
        var users: (exact: [UInt32], any: [UInt32]) = ([], [])
        for row in rows(text) where row.isListening && row.inode != 0 {
            if exact.contains(row.local) { users.exact.append(row.user) } else if any.contains(row.local) { users.any.append(row.user) }
        }
        // The system prefers the socket that is bound to the very address.
        return users.exact.isEmpty ? users.any : users.exact
    }

    /// Returns the user of the socket at one end of a connection; nil if it is not in the table or no process holds it.
    package static func user(of end: SocketAddress, connectedTo other: SocketAddress, in text: [UInt8]) -> UInt32? {
        let (local, remote) = (fields(end), fields(other))
        return rows(text).first { !$0.isListening && $0.inode != 0 && local.contains($0.local) && remote.contains($0.remote) }?.user
    }

    /// Returns the lines that can be read as rows; the heading and everything else are left out.
    private static func rows(_ text: [UInt8]) -> [Row] {
        text.split(separator: 0x0A).compactMap { line in
            let fields = line.split(separator: 0x20, maxSplits: 10)
            guard fields.count >= 10, let user = UInt32(decimal: fields[7]), let inode = UInt64(decimal: fields[9]) else { return nil }
            return Row(
                local: fields[1], remote: fields[2], isListening: fields[3].elementsEqual("0A".utf8), user: user, inode: inode)
        }
    }

    // MARK: Addresses as the tables have them

    /// Returns the forms of a numeric address: an IPv4 address is in the second table too, where a socket of IPv6 has it.
    private static func fields(_ address: SocketAddress) -> [ArraySlice<UInt8>] {
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, address.host, &four) == 1 {
            let bytes = withUnsafeBytes(of: four) { Array($0) }
            return [bytes, [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes].map { field($0, address.port) }
        }
        guard inet_pton(AF_INET6, address.host, &six) == 1 else { return [] }
        return [field(withUnsafeBytes(of: six) { Array($0) }, address.port)]
    }

    private static func anyHost(_ port: UInt16) -> [ArraySlice<UInt8>] {
        [4, 16].map { field([UInt8](repeating: 0, count: $0), port) }
    }

    /// - Parameter bytes: the address in network byte order, a multiple of four.
    private static func field(_ bytes: [UInt8], _ port: UInt16) -> ArraySlice<UInt8> {
        var text = ""
        for word in stride(from: 0, to: bytes.count, by: 4) {
            text += hexadecimal(bytes[word..<word + 4].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }, digits: 8)
        }
        return ArraySlice((text + ":" + hexadecimal(UInt32(port), digits: 4)).utf8)
    }

    private static func hexadecimal(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension FixedWidthInteger {
    /// Reads decimal digits, and nothing else.
    fileprivate init?(decimal bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(String(decoding: bytes, as: UTF8.self))
    }
}
