import CLinux
import Glibc
import Platform

/// A reader of lines from a descriptor, which bounds the length of a line.
struct LineInput {
    enum Next: Equatable {
        case line(String)
        /// No line arrived within the timeout.
        case silence
        case end
    }

    private let descriptor: Int32
    private let limit: Int
    private var bytes: [UInt8] = []
    /// The number of leading `bytes` that are known to contain no newline.
    private var searched = 0
    private var isAtEnd = false

    /// - Parameter limit: the longest line in bytes; longer lines are returned in parts.
    init(_ descriptor: Int32, limit: Int) { (self.descriptor, self.limit) = (descriptor, limit) }

    /// Waits for the next line.
    /// - Parameter timeout: in seconds; nil waits indefinitely.
    mutating func next(within timeout: Double? = nil) -> Next {
        let deadline = timeout.map { MonotonicClock.now + $0 }
        while true {
            if let end = bytes[searched...].firstIndex(of: 0x0A) { return .line(take(end, skipping: 1)) }
            searched = bytes.count
            if bytes.count >= limit { return .line(take(limit, skipping: 0)) }
            if isAtEnd { return bytes.isEmpty ? .end : .line(take(bytes.count, skipping: 0)) }
            if let deadline {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let left = max(0, deadline - MonotonicClock.now)
                if poll(&waiting, 1, Int32(min(left * 1000, 1e9))) == 0 { return .silence }
            }
            fill()
        }
    }

    private mutating func fill() {
        var part = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(descriptor, &part, part.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count <= 0 { isAtEnd = true } else { bytes += part[..<count] }
    }

    private mutating func take(_ count: Int, skipping ends: Int) -> String {
        let line = String(decoding: bytes[..<count], as: UTF8.self)
        bytes.removeFirst(count + ends)
        searched = 0
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}
