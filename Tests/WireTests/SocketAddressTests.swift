import Testing
import Wire

@Suite struct SocketAddressTests {
    /// What is taken for this machine needs no encryption, so a name must not pass for a number.
    @Test(arguments: ["127.0.0.1", "127.8.9.10", "localhost", "::1", "0:0:0:0:0:0:0:1"])
    func isOfThisMachineOnly(host: String) { #expect(SocketAddress(host: host, port: 1).isLoopback) }

    @Test(arguments: ["127.example.org", "127.1", "2130706433", "127.0.0.1.example.org", "128.0.0.1", "10.127.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "example.org", ""])
    func mayBeOfOthers(host: String) { #expect(!SocketAddress(host: host, port: 1).isLoopback) }
}
