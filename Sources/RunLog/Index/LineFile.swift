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
            var position = rest.startIndex
            while let end = rest[position...].firstIndex(of: 0x0A) {
                body(offset + position - rest.startIndex, rest.subdata(in: position..<end))
                position = end + 1
            }
            offset += position - rest.startIndex
            rest = rest.subdata(in: position..<rest.endIndex)
            // No line of a run is that long: what is there is something else.
            if rest.count > 64 << 20 { return }
        }
    }
}

/// Which file it is, whatever its name.
struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let number: UInt64
}
