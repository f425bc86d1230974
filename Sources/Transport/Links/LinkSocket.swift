import CLinux
import Glibc
import Security

/// A connected, nonblocking socket and its TLS session. Owns the descriptor. Used on the loop's thread.
struct LinkSocket: ~Copyable {
    let descriptor: Int32
    /// Nil without TLS.
    let session: TLSSession?

    /// - Parameter keepAliveTimeout: seconds without an answer after which the system ends the connection.
    init(owning descriptor: Int32, session: TLSSession?, keepAliveTimeout: Int) {
        (self.descriptor, self.session) = (descriptor, session)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        colonnade_set_nonblocking(descriptor)
        SocketOptions.enableKeepAlive(descriptor, timeout: keepAliveTimeout)
    }

    deinit { close(descriptor) }

    /// Ends the connection. The descriptor stays open, so that its number is not reused while others know it.
    func shutDown() {
        session?.finish()
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Reads available bytes straight into their destination.
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Transfer {
        if let session { return try session.read(into: memory) }
        while true {
            let count = recv(descriptor, memory.baseAddress, memory.count, 0)
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            if errno == EAGAIN { return .wantsRead }
            guard errno == EINTR else { throw WireError(.closed, String(cString: strerror(errno))) }
        }
    }

    /// Writes as much of a frame's rest as the socket accepts.
    func write(_ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) throws -> Transfer {
        if let session { return try Self.encrypt(session, header, payload) }
        // `iovec` is also used for reading, so its pointers are mutable; sendmsg only reads from them.
        var parts = (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: header.baseAddress), iov_len: header.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: payload.baseAddress), iov_len: payload.count)
        )
        return try withUnsafeMutablePointer(to: &parts) { parts in
            try parts.withMemoryRebound(to: iovec.self, capacity: 2) { parts in
                var message = msghdr()
                message.msg_iov = parts
                message.msg_iovlen = 2
                while true {
                    let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                    if count >= 0 { return .moved(count) }
                    if errno == EAGAIN { return .wantsWrite }
                    guard errno == EINTR else { throw WireError(.closed, String(cString: strerror(errno))) }
                }
            }
        }
    }

    /// Encrypts the header and the payload's start as one record. The rest is encrypted from the payload's own memory.
    private static func encrypt(
        _ session: TLSSession, _ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer
    ) throws -> Transfer {
        guard !header.isEmpty else { return try session.write(payload) }
        let start = UnsafeRawBufferPointer(rebasing: payload.prefix(TLSSession.recordCount - header.count))
        return try withUnsafeTemporaryAllocation(byteCount: header.count + start.count, alignment: 16) { record in
            record.copyMemory(from: header)
            UnsafeMutableRawBufferPointer(rebasing: record[header.count...]).copyMemory(from: start)
            return try session.write(UnsafeRawBufferPointer(record))
        }
    }
}
