import Glibc

/// Messages that may find no reader: Foundation's file handles end the process then, a plain write does not.
public enum StandardError {
    /// Writes text as it is, as far as it is taken.
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
