import Glibc

/// Whether a file has changed.
public struct FileStamp: Equatable, Sendable {
    /// Bytes.
    public private(set) var size = 0
    /// Seconds since 1970; 0 where there is no file.
    public private(set) var time = 0.0

    public init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        size = Int(status.st_size)
        time = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
    }
}
