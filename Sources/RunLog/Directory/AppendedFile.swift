import Foundation
import Glibc

/// A file to which whole lines are appended, also on a disk that is full for a while or that fails to flush. The owner must ensure that one
/// thread uses it at a time.
///
/// A write may fail in the middle of a line. The torn line is cut off, at the latest before the next write, so that the file never has half
/// a line between two others. A failed flush may have lost what was written since the last one: that is kept in memory and written again.
final class AppendedFile {
    private let path: String
    private let descriptor: Int32
    /// The size in bytes, up to the last whole line.
    private(set) var size: Int
    /// Whether a part of a line may follow the last whole one.
    private var isTorn = false
    /// The last bytes of the file, which have not been flushed.
    private var unflushed = Data()
    /// Whether a flush has failed, so that the disk may have lost them.
    private var mayBeLost = false

    /// Bytes that are kept in memory until a flush; then the file flushes by itself.
    private static let unflushedLimit = 1 << 20

    /// Opens or creates a file. After a write that was torn in a crash, the next line begins on a line of its own.
    /// - Parameter header: the first bytes of a new file of binary records; empty for a file of lines. An existing file is
    ///   not checked for it.
    init(_ path: String, header: [UInt8] = []) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            throw RunLogError(
                "cannot write to \(path): \(String(cString: strerror(code))); choose another directory with --runs", code: code)
        }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        var code: Int32?
        if size == 0 {
            if !header.isEmpty { code = append([Data(header)]).code }
        } else if header.isEmpty {
            var last: UInt8 = 0x0A
            if pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 0x0A { code = append([Data([0x0A])]).code }
        }
        if let code { throw error(code) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Appends lines in their order.
    /// - Returns: the number of lines that are in the file now, and the error's number if some are not.
    func append(_ lines: [Data]) -> (written: Int, code: Int32?) {
        if let code = repair() { return (0, code) }
        if unflushed.count >= Self.unflushedLimit, let code = flush() { return (0, code) }
        let data = lines.count == 1 ? lines[0] : Data(lines.joined())
        let (done, code) = write(data, at: size)
        guard let code else {
            accept(data)
            return (lines.count, nil)
        }
        var (written, end) = (0, 0)
        while written < lines.count, end + lines[written].count <= done {
            end += lines[written].count
            written += 1
        }
        isTorn = done > end
        accept(data.prefix(end))
        // Where this fails too, readers skip the torn line until it works.
        _ = repair()
        return (written, code)
    }

    /// Waits until everything is on the disk.
    /// - Returns: the error's number if that failed.
    func flush() -> Int32? {
        if let code = repair() { return code }
        guard fdatasync(descriptor) == 0 else {
            let code = errno
            mayBeLost = true
            return code
        }
        unflushed = Data()
        return nil
    }

    /// Returns the error for a user.
    func error(_ code: Int32) -> RunLogError {
        RunLogError("cannot write to \(path): \(String(cString: strerror(code)))", code: code)
    }

    private func accept(_ data: Data) {
        size += data.count
        unflushed.append(data)
    }

    /// Writes again what a failed flush may have lost, and cuts off a torn line.
    private func repair() -> Int32? {
        if mayBeLost {
            if let code = write(unflushed, at: size - unflushed.count).code { return code }
            mayBeLost = false
        }
        if isTorn {
            guard ftruncate(descriptor, off_t(size)) == 0 else { return errno }
            isTorn = false
        }
        return nil
    }

    private func write(_ data: Data, at offset: Int) -> (done: Int, code: Int32?) {
        data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return (done, written < 0 ? errno : EIO) }
                done += written
            }
            return (done, nil)
        }
    }
}
