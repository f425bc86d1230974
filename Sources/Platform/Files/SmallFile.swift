import Glibc

/// Reads whole files that are small by nature, such as settings; rejects a larger file before reading it.
public enum SmallFile {
    /// Returns the content of a regular file.
    /// - Parameter limit: the largest size accepted, in bytes.
    /// - Throws: `FileError`.
    public static func read(_ path: String, limit: Int) throws -> [UInt8] {
        // O_NONBLOCK: opening a pipe of that name must not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path, "open it") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path, "read its size") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path, reason: "not a regular file") }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw FileError(path, reason: "has \(size) bytes, but a file of this kind may have at most \(limit)")
        }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = 0
            while count < size, let start = buffer.baseAddress {
                let got = Glibc.read(descriptor, start + count, size - count)
                if got < 0 {
                    if errno == EINTR { continue }
                    code = errno
                }
                guard got > 0 else { return }
                count += got
            }
        }
        guard code == 0 else { throw FileError(path, "read it", code: code) }
        return bytes
    }
}
