import Foundation
import Glibc

/// A whole file, memory-mapped for reading.
///
/// `bytes` and `part` are for those who keep the file; whoever opens one for a moment reads it in `withBytes`.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeRawBufferPointer

    /// - Parameters:
    ///   - limit: the most bytes of a file that is small by nature.
    ///   - followsLinks: whether the file may be a symbolic link. Those of a packed data set may not: it is handed on to other
    ///     hosts, and a link in a copy from elsewhere could lead to anything that this user can read.
    /// - Throws: `DatasetError` when the file is absent, not a regular file, empty, or too large.
    init(path: String, limit: Int = .max, followsLinks: Bool = true) throws {
        // A pipe of that name must not make the open wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else {
            guard errno != ELOOP else {
                throw DatasetError("\(path): a symbolic link, which is not followed; put the file itself there")
            }
            throw DatasetError("\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw DatasetError("\(path): not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw DatasetError("\(path): empty; restore the file or import the data set again") }
        guard size <= limit else {
            throw DatasetError("\(path): has \(size) bytes, more than the \(limit) that such a file may have")
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw DatasetError("\(path): cannot be mapped: \(String(cString: strerror(errno)))")
        }
        self.path = path
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    /// Calls `body` with the content, which stays mapped until `body` returns.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Gives back the memory through which the file was read; the system's own cache keeps it, and reading goes on.
    func release() { madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED) }

    /// A part of the file; the caller has checked that it lies within.
    func part(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && length >= 0 && length <= bytes.count - offset)
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }
}
