import Glibc
import Platform

/// The format of an image file, recognized by its first bytes.
enum ImageFormat {
    case jpeg, webp
    /// A format that stb_image reads.
    case other

    private static let others: [[UInt8]] = [
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],  // PNG
        Array("GIF8".utf8), Array("BM".utf8), Array("8BPS".utf8), Array("P5".utf8), Array("P6".utf8),
    ]

    init(_ bytes: [UInt8]) throws(ImageError) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webp
        } else if Self.others.contains(where: { bytes.starts(with: $0) }) {
            self = .other
        } else {
            let known = "JPEG, PNG, WebP, GIF, BMP, PSD, PNM"
            guard let name = Self.foreign(bytes) else {
                throw ImageError("not an image in a supported format (\(known))", .unsupported)
            }
            throw ImageError("\(name), which is not supported; convert it to one of \(known)", .unsupported)
        }
    }
}

extension ImageFormat {
    /// Returns the name of a format that is recognized but not read.
    private static func foreign(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x49, 0x49, 0x2A, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A]) { return "a TIFF image" }
        if bytes.starts(with: [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]) || bytes.starts(with: [0xFF, 0x4F, 0xFF, 0x51]) {
            return "a JPEG 2000 image"
        }
        if bytes.starts(with: [0xFF, 0x0A]) || bytes.starts(with: [0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20]) { return "a JPEG XL image" }
        guard bytes.count >= 12, bytes[4..<8].elementsEqual("ftyp".utf8) else { return nil }
        // A container of the kind that phones write; its brand tells what is in it.
        switch String(decoding: bytes[8..<12], as: UTF8.self) {
        case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": return "a HEIF image (HEIC)"
        case "avif", "avis": return "an AVIF image"
        default: return nil
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
