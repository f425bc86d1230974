import Security
import TestSupport
import Testing
import Transport

/// The users of sockets, from texts as the system writes them.
@Suite struct ConnectionTableTests {
    private static let heading =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                     "
    private static let mapped = "0000000000000000FFFF0000"
    private static let zeros = String(repeating: "0", count: 32)

    private static func row(_ local: String, _ remote: String, _ state: String, user: String, inode: String = "52") -> String {
        "   3: \(local) \(remote) \(state) 00000000:00000000 00:00000000 00000000 \(user)        0 \(inode) 1 00000000b1ab5a38 100 0 0 10 0"
    }

    private static func text(_ rows: String...) -> [UInt8] { Array(([heading] + rows).joined(separator: "\n").utf8) }

    private func listeners(_ text: [UInt8], _ host: String = "127.0.0.1") -> [UInt32] {
        ConnectionTable.listeners(at: SocketAddress(host: host, port: 7070), in: text)
    }

    private func user(_ text: [UInt8], _ host: String = "127.0.0.1") -> UInt32? {
        ConnectionTable.user(of: SocketAddress(host: host, port: 7070), connectedTo: SocketAddress(host: host, port: 39486), in: text)
    }

    /// 7070 is 1B9E, 39486 is 9A3E.
    @Test func aListenerIsFoundInEitherTable() {
        #expect(listeners(Self.text(Self.row("0100007F:1B9E", "00000000:0000", "0A", user: "1000"))) == [1000])
        #expect(listeners(Self.text(Self.row("00000000:1B9E", "00000000:0000", "0A", user: "7"))) == [7])
        #expect(listeners(Self.text(Self.row("\(Self.zeros):1B9E", "\(Self.zeros):0000", "0A", user: "65534"))) == [65534])
        #expect(listeners(Self.text(Self.row("\(Self.mapped)0100007F:1B9E", "\(Self.zeros):0000", "0A", user: "5"))) == [5])
        let six = Self.text(Self.row("00000000000000000000000001000000:1B9E", "\(Self.zeros):0000", "0A", user: "6"))
        #expect(listeners(six, "::1") == [6] && listeners(six) == [])
    }

    @Test func otherRowsAreNotTakenForTheListener() {
        let text = Self.text(
            Self.row("0100007F:1B9F", "00000000:0000", "0A", user: "1"), Self.row("0200007F:1B9E", "00000000:0000", "0A", user: "2"),
            Self.row("0100007F:1B9E", "0100007F:9A3E", "01", user: "3"), Self.row("0100007F:9A3E", "0100007F:1B9E", "01", user: "4"))
        #expect(listeners(text) == [])
    }

    /// Another user can listen on all addresses of IPv6 beside it, and must not disturb by that.
    @Test func theListenerOfTheVeryAddressCounts() {
        let any = Self.row("\(Self.zeros):1B9E", "\(Self.zeros):0000", "0A", user: "65534")
        let exact = Self.row("0100007F:1B9E", "00000000:0000", "0A", user: "1000")
        #expect(listeners(Self.text(any, exact)) == [1000] && listeners(Self.text(exact, any)) == [1000])
    }

    @Test func theOtherEndOfAConnectionIsFound() {
        let own = Self.row("0100007F:9A3E", "0100007F:1B9E", "01", user: "1000")
        #expect(user(Self.text(own, Self.row("0100007F:1B9E", "0100007F:9A3E", "01", user: "65534"))) == 65534)
        #expect(user(Self.text(own, Self.row("\(Self.mapped)0100007F:1B9E", "\(Self.mapped)0100007F:9A3E", "01", user: "8"))) == 8)
        #expect(user(Self.text(own)) == nil)
        // A socket that no process holds belongs to nobody, whatever stands there.
        #expect(user(Self.text(own, Self.row("0100007F:1B9E", "0100007F:9A3E", "04", user: "0", inode: "0"))) == nil)
    }

    @Test(arguments: ["-1", "4294967296", "1e3", "0x1", "+5", "٣"]) func aUserThatIsNoNumberIsNoUser(text: String) {
        #expect(listeners(Self.text(Self.row("0100007F:1B9E", "00000000:0000", "0A", user: text))) == [])
    }

    @Test func textsThatAreCutOrDamagedNameNoOtherUser() {
        let whole = Self.text(
            Self.row("0100007F:1B9E", "00000000:0000", "0A", user: "1000"), Self.row("0100007F:1B9E", "0100007F:9A3E", "01", user: "1000"))
        var random = SeededGenerator(seed: 11)
        for length in whole.indices {
            let cut = Array(whole[..<length])
            #expect(Set(listeners(cut)).isSubset(of: [1000]) && [nil, 1000].contains(user(cut)), "\(length) bytes")
        }
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // Whatever it is, reading it ends.
            _ = (listeners(damaged), user(damaged))
        }
        #expect(listeners([]) == [] && listeners([0x0A, 0x20, 0x0A]) == [])
    }

    @Test func addressesThatAreNamesAreNotFound() {
        #expect(listeners(Self.text(Self.row("0100007F:1B9E", "00000000:0000", "0A", user: "1000")), "localhost") == [])
    }
}
