import Security
import Testing

@Suite struct SocketAddressTests {
    /// Loopback addresses need no encryption, so a name must not pass for a numeric address.
    @Test(arguments: ["127.0.0.1", "127.8.9.10", "localhost", "::1", "0:0:0:0:0:0:0:1"])
    func onlyThisMachineReaches(host: String) { #expect(SocketAddress(host: host, port: 1).isLoopback) }

    @Test(arguments: [
        "127.example.org", "127.1", "2130706433", "127.0.0.1.example.org", "128.0.0.1", "10.127.0.1", "0.0.0.0", "::", "::2",
        "::ffff:10.0.0.1", "example.org", "",
    ])
    func otherMachinesMayReach(host: String) { #expect(!SocketAddress(host: host, port: 1).isLoopback) }
}
