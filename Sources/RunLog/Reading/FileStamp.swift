import Glibc

/// The size and modification time of a file, for detecting changes.
public struct FileStamp: Equatable, Sendable {
    /// The size in bytes.
    public private(set) var size = 0
    /// The modification time in seconds since 1970; 0 if there is no file.
    public private(set) var time = 0.0

    public init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        size = Int(status.st_size)
        time = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
    }
}
