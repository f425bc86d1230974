import Foundation
import Glibc

/// An append-only file. The owner must ensure that one thread appends at a time.
final class AppendedFile {
    private let path: String
    private let descriptor: Int32
    /// The size in bytes.
    private(set) var size: Int

    /// Opens or creates a file. After a write that was torn in a crash, the next line begins on a line of its own.
    /// - Parameter header: the first bytes of a new file of binary records; empty for a file of lines. An existing file is
    ///   not checked for it.
    init(_ path: String, header: [UInt8] = []) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RunLogError("cannot write to \(path): \(String(cString: strerror(errno))); choose another directory with --runs")
        }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        if size == 0 {
            if !header.isEmpty { try append(Data(header)) }
        } else if header.isEmpty {
            var last: UInt8 = 0x0A
            if pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 0x0A { try append(Data([0x0A])) }
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ data: Data) throws {
        var done = 0
        try data.withUnsafeBytes { bytes in
            while done < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw RunLogError("cannot write to \(path): \(String(cString: strerror(errno)))") }
                done += written
                size += written
            }
        }
    }

    func flush() throws {
        guard fdatasync(descriptor) == 0 else { throw RunLogError("cannot write to \(path): \(String(cString: strerror(errno)))") }
    }
}
