import Foundation
import Glibc
import Platform

/// A file that is mapped into memory as a whole for reading.
///
/// Use `bytes` and `part` only while you keep a reference to the file; otherwise read it within `withBytes`.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeRawBufferPointer

    /// - Parameters:
    ///   - limit: The largest accepted size in bytes, for files that are small by nature.
    ///   - followsLinks: Whether the file may be a symbolic link. The files of a packed data set must not be links: they are
    ///     sent to other hosts, and a link in a copy from elsewhere could point at anything that this user can read.
    /// - Throws: `DatasetError` if the file is missing, not a regular file, empty, or too large.
    convenience init(path: String, limit: Int = .max, followsLinks: Bool = true) throws {
        try self.init(path: FilePath(path), limit: limit, followsLinks: followsLinks)
    }

    /// Maps a file whose path need not be UTF-8.
    init(path bytes: FilePath, limit: Int = .max, followsLinks: Bool = true) throws {
        let path = bytes.shown
        // Non-blocking, because opening a named pipe would wait for a writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = bytes.withCString { open($0, flags) }
        guard descriptor >= 0 else {
            guard errno != ELOOP else {
                throw DatasetError("\(path): is a symbolic link, and links are not followed; put the file itself there")
            }
            throw DatasetError("\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw DatasetError("\(path): is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw DatasetError("\(path): is empty; restore the file or import the data set again") }
        guard size <= limit else {
            throw DatasetError("\(path): has \(size) bytes; at most \(limit) are allowed")
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw DatasetError("\(path): cannot be mapped: \(String(cString: strerror(errno)))")
        }
        self.path = path
        self.bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    /// Calls `body` with the content, which stays mapped until `body` returns.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Releases the pages that were read. The file stays mapped, and the system's page cache still has its content.
    func release() { madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED) }

    /// Returns a part of the file. The caller must have checked that it lies within.
    func part(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && length >= 0 && length <= bytes.count - offset)
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }
}
