package import Foundation
import Glibc
import Tensors

/// The lines of a file that grows, a part at a time. The file may be replaced by another, as a resumed run does with its
/// metrics; reading begins anew then.
package final class LineTail {
    /// Bytes that are read at once.
    private static let part = 1 << 18
    /// Nothing that a run writes is as long as this; what is, is passed over.
    private static let longestLine = 16 << 20

    private let path: String
    private var descriptor: Int32 = -1
    private var file: (device: UInt, inode: UInt) = (0, 0)
    private var offset = 0
    /// A line that has no end yet.
    private var rest = Data()
    private var isPassingOver = false

    package init(path: String) { self.path = path }
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads what there is by now. A file that is missing has no lines.
    /// - Parameters:
    ///   - replaced: called before the first line of a file that took the place of the one that was read.
    ///   - progress: called now and then with the fraction of the file that has been read.
    ///   - line: called for each whole line, without its end.
    /// - Throws: `FileError` where the file cannot be read, and what the closures throw.
    package func read(
        replaced: () throws -> Void, progress: (Double) -> Void = { _ in }, line: (Data) throws -> Void
    ) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        // While the old file is open its number is given to no other.
        let isOther = (file.device, file.inode) != (UInt(status.st_dev), UInt(status.st_ino))
        if descriptor >= 0, isOther || Int(status.st_size) < offset {
            rewind()
            try replaced()
        }
        if descriptor < 0 {
            // A pipe of that name must not make the open wait for a writer.
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

    /// Begins anew with the next `read`.
    package func rewind() {
        if descriptor >= 0 { close(descriptor) }
        (descriptor, offset, rest, isPassingOver) = (-1, 0, Data(), false)
    }

    private func take(_ bytes: ArraySlice<UInt8>, _ line: (Data) throws -> Void) throws {
        var bytes = bytes
        while let end = bytes.firstIndex(of: 0x0A) {
            let whole = rest + bytes[..<end]
            rest = Data()
            bytes = bytes[(end + 1)...]
            if !isPassingOver, !whole.isEmpty { try line(whole) }
            isPassingOver = false
        }
        if !isPassingOver { rest += bytes }
        guard rest.count > Self.longestLine else { return }
        (rest, isPassingOver) = (Data(), true)
    }
}
