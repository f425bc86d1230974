import Glibc
import Platform
import Testing
import Transport

@Suite struct ConnectorTests {
    /// Signals interrupt the wait for a connection, which is then neither made nor has failed.
    @Test func signalsDoNotMakeAConnection() {
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
        let (descriptor, other) = (pair[0], pair[1])
        defer {
            close(descriptor)
            close(other)
        }
        #expect(Connector.outcome(of: descriptor, timeout: 5) == 0)
        // While nobody reads, a full socket is as one whose connection is not made yet.
        let bytes = [UInt8](repeating: 0, count: 4096)
        while send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0 {}
        signal(SIGUSR1) { _ in }
        defer { signal(SIGUSR1, SIG_DFL) }
        let waiting = pthread_self()
        let sender = ServiceThread(name: "signals") {
            for _ in 0..<5 {
                MonotonicClock.sleep(until: MonotonicClock.now + 0.05)
                pthread_kill(waiting, SIGUSR1)
            }
        }
        #expect(Connector.outcome(of: descriptor, timeout: 1) == ETIMEDOUT)
        sender.join()
    }
}
