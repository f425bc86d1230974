import Glibc

/// Reads whole files that are small by nature, such as settings; a larger one is refused before it is read.
public enum SmallFile {
    /// The content of a regular file.
    /// - Parameter limit: the most bytes that such a file has.
    /// - Throws: `FileError`.
    public static func read(_ path: String, limit: Int) throws -> [UInt8] {
        // A pipe of that name must not make the open wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path, "open it") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path, "look at it") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path, reason: "not a regular file") }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw FileError(path, reason: "has \(size) bytes, more than the \(limit) that such a file may have")
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
