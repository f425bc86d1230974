package import Foundation
import Glibc
import Platform

/// Reads the lines of a growing file incrementally.
///
/// If the file is replaced by another, as a resumed run does with its metrics, reading restarts at the beginning.
package final class LineTail {
    /// The number of bytes that are read at a time.
    private static let part = 1 << 18
    /// Longer lines are skipped. No line that a run writes is as long.
    private static let longestLine = 16 << 20

    private let path: String
    private var descriptor: Int32 = -1
    private var file: (device: UInt, inode: UInt) = (0, 0)
    private var offset = 0
    /// The beginning of an incomplete line.
    private var rest = Data()
    private var isSkipping = false

    package init(path: String) { self.path = path }
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads the lines that have been added. A missing file has no lines.
    /// - Parameters:
    ///   - replaced: Is called before the first line of a file that replaced the previous one.
    ///   - progress: Is called regularly with the fraction of the file that has been read.
    ///   - line: Is called for each complete line, without its newline.
    /// - Throws: `FileError` if the file cannot be read, and the errors of the closures.
    package func read(
        replaced: () throws -> Void, progress: (Double) -> Void = { _ in }, line: (Data) throws -> Void
    ) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        // While the old file is open, its inode number is not reused.
        let isOther = (file.device, file.inode) != (UInt(status.st_dev), UInt(status.st_ino))
        if descriptor >= 0, isOther || Int(status.st_size) < offset {
            rewind()
            try replaced()
        }
        if descriptor < 0 {
            // Non-blocking, because opening a named pipe would wait for a writer.
            descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw FileError(path, "open it") }
            file = (UInt(status.st_dev), UInt(status.st_ino))
        }
        var buffer = [UInt8](repeating: 0, count: Self.part)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(path, "read it") }
            guard count > 0 else { return }
            offset += count
            try take(buffer[..<count], line)
            progress(min(1, Double(offset) / Double(max(1, status.st_size))))
        }
    }

    /// Restarts at the beginning of the file with the next `read`.
    package func rewind() {
        if descriptor >= 0 { close(descriptor) }
        (descriptor, offset, rest, isSkipping) = (-1, 0, Data(), false)
    }

    private func take(_ bytes: ArraySlice<UInt8>, _ line: (Data) throws -> Void) throws {
        var bytes = bytes
        while let end = bytes.firstIndex(of: 0x0A) {
            let whole = rest + bytes[..<end]
            rest = Data()
            bytes = bytes[(end + 1)...]
            if !isSkipping, !whole.isEmpty { try line(whole) }
            isSkipping = false
        }
        if !isSkipping { rest += bytes }
        guard rest.count > Self.longestLine else { return }
        (rest, isSkipping) = (Data(), true)
    }
}
