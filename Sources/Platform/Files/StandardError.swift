import Glibc

/// Standard error, whose reader may be gone: Foundation's file handles would then end the process, a plain write does not.
public enum StandardError {
    /// Writes text unchanged, and gives up at the first error.
    public static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
