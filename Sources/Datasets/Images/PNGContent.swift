import CZlib

/// Bounds the inflated size of a PNG file's pixels.
///
/// The decoder would inflate up to a thousand times the file's size, regardless of the image's dimensions.
enum PNGContent {
    /// Files that cannot inflate to more than this are not checked here.
    private static let harmless = 64 << 20
    /// The largest expansion of deflate.
    private static let ratio = 1032

    /// Checks the compressed pixels of a PNG file; accepts files of other formats.
    /// - Throws: `ImageError` if the pixels inflate to more than an interlaced image of this size with 16-bit channels, or if a
    ///   chunk claims to be longer than the file, because the decoder allocates memory for it before it checks.
    static func check(_ bytes: [UInt8], width: Int, height: Int) throws(ImageError) {
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return }
        let parts = try parts(bytes)
        let limit = 2 * height * (8 * width + 1) + 4096
        guard parts.reduce(0, { $0 + $1.count }) * ratio > max(limit, harmless) else { return }
        guard inflates(bytes, parts, within: limit) else { throw ImageError("damaged: it has more pixels than its size allows") }
    }

    /// Returns the Exif block of a PNG file, which begins with its TIFF header; nil if it has none.
    static func exif(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
        return chunks(bytes, "eXIf").first.map { bytes[$0.range] }
    }

    /// Returns the byte ranges of the data of the IDAT chunks.
    private static func parts(_ bytes: [UInt8]) throws(ImageError) -> [Range<Int>] {
        let chunks = chunks(bytes, "IDAT")
        guard chunks.allSatisfy(\.isWhole) else { throw ImageError("damaged: it ends within its pixels") }
        return chunks.map(\.range)
    }

    private static func chunks(_ bytes: [UInt8], _ name: String) -> [(range: Range<Int>, isWhole: Bool)] {
        var chunks: [(Range<Int>, Bool)] = []
        var offset = 8
        while bytes.count - offset >= 12 {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let start = offset + 8
            let end = start + min(length, bytes.count - start)
            if bytes[offset + 4..<start].elementsEqual(name.utf8) { chunks.append((start..<end, end - start == length)) }
            guard end <= bytes.count - 4 else { break }
            offset = end + 4
        }
        return chunks
    }

    private static func inflates(_ bytes: [UInt8], _ parts: [Range<Int>], within limit: Int) -> Bool {
        var stream = z_stream()
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        var total = 0
        return bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { output in
                for part in parts {
                    // zlib declares the pointer mutable, but only reads.
                    stream.next_in = bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0 + part.lowerBound) }
                    stream.avail_in = UInt32(part.count)
                    while true {
                        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                        stream.avail_out = UInt32(output.count)
                        let status = inflate(&stream, Z_NO_FLUSH)
                        total += output.count - Int(stream.avail_out)
                        guard total <= limit else { return false }
                        // The decoder also stops at damaged data.
                        guard status == Z_OK else { return true }
                        if stream.avail_in == 0, stream.avail_out > 0 { break }
                    }
                }
                return true
            }
        }
    }
}
