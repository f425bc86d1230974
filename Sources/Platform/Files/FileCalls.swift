import Foundation
package import Glibc

/// The system calls by which files and directories are replaced, so that a test can fail each of them, or end between two.
package protocol FileCalls: Sendable {
    /// Creates a file that does not exist, for writing.
    func create(_ path: String, mode: mode_t) throws(FileCallError) -> Int32
    func openDirectory(_ path: String) throws(FileCallError) -> Int32
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(FileCallError) -> Int
    func sync(_ descriptor: Int32) throws(FileCallError)
    func close(_ descriptor: Int32)
    func makeDirectory(_ path: String) throws(FileCallError)
    func rename(_ path: String, to other: String) throws(FileCallError)
    /// Exchanges two names at once.
    func exchange(_ path: String, _ other: String) throws(FileCallError)
    /// Removes a file, or a directory with its content. It is no error if there is none.
    func remove(_ path: String) throws(FileCallError)
    func exists(_ path: String) -> Bool
}

/// A system call's error number.
package struct FileCallError: Error {
    package let code: Int32

    package init(_ code: Int32) { self.code = code }

    /// Whether the file system does not have this call.
    package var isUnsupported: Bool { [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP].contains(code) }
}

/// The system's own calls.
package struct SystemFileCalls: FileCalls {
    package init() {}

    package func create(_ path: String, mode: mode_t) throws(FileCallError) -> Int32 {
        try descriptor(open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode))
    }

    package func openDirectory(_ path: String) throws(FileCallError) -> Int32 {
        try descriptor(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(FileCallError) -> Int {
        while true {
            let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            if count >= 0 { return count }
            if errno != EINTR { throw FileCallError(errno) }
        }
    }

    package func sync(_ descriptor: Int32) throws(FileCallError) { try check(fsync(descriptor)) }
    package func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }
    package func makeDirectory(_ path: String) throws(FileCallError) { try check(mkdir(path, 0o755)) }
    package func rename(_ path: String, to other: String) throws(FileCallError) { try check(Glibc.rename(path, other)) }

    package func exchange(_ path: String, _ other: String) throws(FileCallError) {
        let code = NameExchange.exchange(path, other)
        if code != 0 { throw FileCallError(code) }
    }

    package func remove(_ path: String) throws(FileCallError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        // A directory; of anything else the reason stands.
        let code = errno
        guard code == EISDIR || code == EPERM, exists(path) else { throw FileCallError(code) }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw FileCallError(((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError).map { Int32($0.code) } ?? EIO)
        }
    }

    package func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private func check(_ result: Int32) throws(FileCallError) { if result != 0 { throw FileCallError(errno) } }

    private func descriptor(_ result: Int32) throws(FileCallError) -> Int32 {
        guard result >= 0 else { throw FileCallError(errno) }
        return result
    }
}
