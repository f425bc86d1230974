import Foundation
import Glibc

/// A file of lines to which another process may be appending.
///
/// It is read, not mapped, because access to a mapped file that shrinks would end the process.
struct LineFile: ~Copyable {
    private let descriptor: Int32
    /// The size in bytes when the file was opened.
    let size: Int
    /// Distinguishes the file from one that later replaces it.
    let identity: FileIdentity

    /// Opens a file; nil if it cannot be opened.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        identity = FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Returns the bytes of a range; fewer at the end of the file.
    func read(_ offset: Int, _ count: Int) -> Data {
        let wanted = max(0, min(count, size - offset))
        guard wanted > 0 else { return Data() }
        var data = Data(count: wanted)
        let got = data.withUnsafeMutableBytes { bytes -> Int in
            var done = 0
            while done < wanted {
                let part = pread(descriptor, bytes.baseAddress! + done, wanted - done, off_t(offset + done))
                if part < 0, errno == EINTR { continue }
                guard part > 0 else { break }
                done += part
            }
            return done
        }
        return got == wanted ? data : data.prefix(got)
    }

    /// Calls `body` with the offset and content of every complete line from an offset on.
    func forEachLine(from start: Int, _ body: (Int, Data) -> Void) {
        var offset = start
        var rest = Data()
        while offset + rest.count < size {
            let more = read(offset + rest.count, 1 << 20)
            guard !more.isEmpty else { return }
            rest.append(more)
            var position = 0
            while let end = Self.lineEnd(rest, from: position) {
                body(offset + position, rest.subdata(in: position..<end))
                position = end + 1
            }
            offset += position
            rest = rest.subdata(in: position..<rest.count)
            // No line of a run is that long, so this is not a file of lines.
            if rest.count > 64 << 20 { return }
        }
    }

    /// Returns the index of the next line end. Uses memchr, because most of the time on a long run's file is spent here.
    /// - Parameter data: must begin at index 0.
    private static func lineEnd(_ data: Data, from position: Int) -> Int? {
        data.withUnsafeBytes { bytes in
            guard position < bytes.count, let base = bytes.baseAddress,
                let end = memchr(base + position, 0x0A, bytes.count - position)
            else { return nil }
            return UnsafeRawPointer(end) - base
        }
    }
}

/// Identifies a file independently of its name.
struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let number: UInt64
}
