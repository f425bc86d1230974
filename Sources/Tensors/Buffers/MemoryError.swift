import Glibc

/// Memory that the system does not give, in words.
public struct MemoryError: Error, CustomStringConvertible, Sendable {
    public let byteCount: Int
    public let description: String

    init(byteCount: Int, code: Int32) {
        self.byteCount = byteCount
        description =
            "the system gives no \(byteCount) bytes of memory (\(String(cString: strerror(code)))); take a smaller batch or network, "
            + "more workers, or raise this process's limit of memory"
    }
}
