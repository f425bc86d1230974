import Glibc
import TestSupport

/// Hostile connections of many kinds, to this machine only.
enum HostilePeers {
    static let kinds = 8

    /// Opens `count` connections to each port, of all kinds in turn. Some of them stay open until the end.
    static func flood(_ ports: [UInt16], count: Int) {
        var held: [Int32] = []
        for i in 0..<count {
            for port in ports {
                guard let descriptor = LocalSocket.connect(to: port) else { continue }
                let bytes = greeting(kind: i % kinds, seed: i)
                if !bytes.isEmpty { _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) }
                if i % kinds == 2 { reset(descriptor) }
                held.append(descriptor)
                if held.count > 200 { close(held.removeFirst()) }
            }
        }
        for descriptor in held { close(descriptor) }
    }

    private static func greeting(kind: Int, seed: Int) -> [UInt8] {
        let preamble = Array("COLP".utf8) + [1, 0, 0, 0] + [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: 32)
        let tokened = Array("COLP".utf8) + [1, 1, 0, 0] + [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: 32)
        switch kind {
        case 0: return []
        case 1: return Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        case 2: return [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + [UInt8](repeating: 7, count: 100)
        case 3: return Array(preamble.prefix(5))
        case 4: return preamble + Array("COLN".utf8) + [UInt8](repeating: 0xFF, count: 60)
        case 5: return tokened + [UInt8](repeating: 9, count: 32) + [UInt8](repeating: 0xFF, count: 4096)
        case 6: return (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) }
        default: return tokened
        }
    }

    /// Greets without a token and waits for the answer, which asks for one.
    static func isAnswered(_ descriptor: Int32) -> Bool {
        let bytes = greeting(kind: 4, seed: 1)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return false }
        LocalSocket.limitReading(descriptor, seconds: 60)
        var answer: UInt8 = 0
        return recv(descriptor, &answer, 1, 0) == 1 && answer == UInt8(ascii: "C")
    }

    /// Makes the connection end with a reset when it is closed.
    private static func reset(_ descriptor: Int32) {
        var none = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
    }
}
