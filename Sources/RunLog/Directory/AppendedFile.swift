import Foundation
import Glibc

/// A file that grows at its end. Its owner sees to it that one thread appends at a time.
final class AppendedFile {
    private let path: String
    private let descriptor: Int32
    /// Bytes so far.
    private(set) var size: Int

    /// Opens a file, or makes it. Where a write was torn in a crash, what follows begins on a line of its own.
    /// - Parameter begins: what a new file begins with; a file of records that begins otherwise is left as it is.
    init(_ path: String, begins: [UInt8] = []) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RunLogError("cannot write to \(path): \(String(cString: strerror(errno))); choose another directory with --runs")
        }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        if size == 0 {
            if !begins.isEmpty { try append(Data(begins)) }
        } else if begins.isEmpty {
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
