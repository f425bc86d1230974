import Glibc

/// A listener on 127.0.0.1 of another user of this machine (`nobody`), which answers every connection with the same bytes. Only root can
/// be another user.
package final class OtherUsersListener: @unchecked Sendable {
    package static let user: UInt32 = 65534
    package static let isPossible = getuid() == 0

    package let port: UInt16
    private let descriptor: Int32
    private let answer: [UInt8]
    private var lock = pthread_mutex_t()
    private var heard: [[UInt8]] = []
    private var isStopped = false

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - answer: sent at once to who connects; empty answers nothing.
    /// - Returns: nil if this process cannot be another user, or the port is taken.
    package init?(port: UInt16 = 0, answer: [UInt8]) {
        guard Self.isPossible, let become = Self.setFileSystemUser else { return nil }
        self.answer = answer
        pthread_mutex_init(&lock, nil)
        // A socket belongs to the user that its thread has for files, which is the thread's own.
        _ = become(Self.user)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        _ = become(0)
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, 4)
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, pointer, &length) == 0
            }
        }
        self.port = UInt16(bigEndian: address.sin_port)
        guard isBound else {
            close(listener)
            return nil
        }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<OtherUsersListener>.fromOpaque(argument!).takeRetainedValue().serve()
                return nil
            }, argument)
        guard code == 0 else {
            Unmanaged<OtherUsersListener>.fromOpaque(argument).release()
            close(listener)
            return nil
        }
        pthread_detach(thread)
    }

    /// The bytes that each connection has sent.
    package var received: [[UInt8]] { locked { heard } }

    /// Ends the listener; its port is free then.
    package func stop() {
        locked { isStopped = true }
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private func serve() {
        _ = Self.setFileSystemUser?(Self.user)
        while true {
            let peer = accept(descriptor, nil, nil)
            if locked({ isStopped }) || peer < 0 { return }
            if !answer.isEmpty { _ = send(peer, answer, answer.count, Int32(MSG_NOSIGNAL)) }
            LocalSocket.limitReading(peer, seconds: 1)
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(peer, &part, part.count, 0), count > 0 { bytes += part[..<count] }
            locked { heard.append(bytes) }
            close(peer)
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        return body()
    }

    /// The system's `setfsuid`, which changes the calling thread only.
    private static var setFileSystemUser: (@convention(c) (UInt32) -> Int32)? {
        dlsym(nil, "setfsuid").map { unsafeBitCast($0, to: (@convention(c) (UInt32) -> Int32).self) }
    }
}
