import Glibc

/// A failed memory allocation.
public struct MemoryError: Error, CustomStringConvertible, Sendable {
    public let byteCount: Int
    public let description: String

    init(byteCount: Int, code: Int32) {
        self.byteCount = byteCount
        description =
            "cannot allocate \(byteCount) bytes of memory (\(String(cString: strerror(code)))); use a smaller batch or network, "
            + "use more workers, or raise this process's memory limit"
    }
}
