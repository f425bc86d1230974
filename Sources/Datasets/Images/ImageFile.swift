import Glibc
import Platform

/// The format of an image file, recognized by its first bytes.
enum ImageFormat {
    case jpeg
    /// A format that stb_image reads.
    case other

    private static let others: [[UInt8]] = [
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],  // PNG
        Array("GIF8".utf8), Array("BM".utf8), Array("8BPS".utf8), Array("P5".utf8), Array("P6".utf8),
    ]

    init(_ bytes: [UInt8]) throws(ImageError) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if Self.others.contains(where: { bytes.starts(with: $0) }) {
            self = .other
        } else {
            throw ImageError("not an image in a supported format (JPEG, PNG, GIF, BMP, PSD, PNM)", .unsupported)
        }
    }
}

/// Reads image files from disk.
enum ImageFile {
    static let sizeLimit = 256 << 20

    /// Returns the whole content of a regular file.
    static func read(_ path: FilePath, followsLinks: Bool) throws(ImageError) -> [UInt8] {
        // Non-blocking, because opening a named pipe would wait for a writer.
        let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = path.withCString { open($0, flags) }
        guard descriptor >= 0 else { throw ImageError("cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError("not a regular file", .unsupported)
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw ImageError("empty file") }
        guard size <= sizeLimit else { throw ImageError("too large: \(size) bytes, the limit is 256 MB", .excessive) }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = 0
            while count < size {
                let got = Glibc.read(descriptor, buffer.baseAddress! + count, size - count)
                if got < 0 {
                    if errno == EINTR { continue }
                    code = errno
                    return
                }
                if got == 0 { return }
                count += got
            }
        }
        guard code == 0 else { throw ImageError("cannot be read: \(String(cString: strerror(code)))") }
        guard bytes.count == size else { throw ImageError("became shorter while it was read") }
        return bytes
    }
}
