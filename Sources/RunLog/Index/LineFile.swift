import Foundation
import Glibc

/// A file of lines that another process may be appending to. It is read, never mapped: a file that shrinks under its reader
/// must not end it.
struct LineFile: ~Copyable {
    private let descriptor: Int32
    /// Bytes when it was opened.
    let size: Int
    /// Tells it from a file that took its place.
    let identity: FileIdentity

    /// Nil where there is none.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        identity = FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// What there is of a range; less at the end of the file.
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

    /// Calls `body` with every whole line from an offset on, and where it begins. A line that has no end yet is left out.
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
            // No line of a run is that long: what is there is something else.
            if rest.count > 64 << 20 { return }
        }
    }

    /// A long run's lines are mostly looked through for their ends, so the library's search does it.
    /// - Parameter data: begins at index 0.
    private static func lineEnd(_ data: Data, from position: Int) -> Int? {
        data.withUnsafeBytes { bytes in
            guard position < bytes.count, let base = bytes.baseAddress,
                let end = memchr(base + position, 0x0A, bytes.count - position)
            else { return nil }
            return UnsafeRawPointer(end) - base
        }
    }
}

/// Which file it is, whatever its name.
struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let number: UInt64
}
