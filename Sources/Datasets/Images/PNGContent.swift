import CZlib

/// How much a PNG file's compressed pixels come to. The decoder would inflate a thousand times the file's size, whatever
/// the image's size is.
enum PNGContent {
    /// A file whose pixels cannot come to more than this is left to the decoder.
    private static let harmless = 64 << 20
    /// The most that deflate makes of a byte.
    private static let ratio = 1032

    /// - Throws: where there is more than an image of this size has, with 16-bit channels and interlaced, or a chunk says that
    ///   it is longer than the file: the decoder takes memory for it before it looks.
    static func check(_ bytes: [UInt8], width: Int, height: Int) throws(ImageError) {
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return }
        let parts = try parts(bytes)
        let limit = 2 * height * (8 * width + 1) + 4096
        guard parts.reduce(0, { $0 + $1.count }) * ratio > max(limit, harmless) else { return }
        guard inflates(bytes, parts, within: limit) else { throw ImageError("damaged: it holds more than its size says") }
    }

    /// Where the file's IDAT chunks have their data.
    private static func parts(_ bytes: [UInt8]) throws(ImageError) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var place = 8
        while bytes.count - place >= 12 {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let start = place + 8
            let end = start + min(length, bytes.count - start)
            if bytes[place + 4..<start].elementsEqual("IDAT".utf8) {
                guard end - start == length else { throw ImageError("damaged: it ends within its pixels") }
                parts.append(start..<end)
            }
            guard end <= bytes.count - 4 else { break }
            place = end + 4
        }
        return parts
    }

    private static func inflates(_ bytes: [UInt8], _ parts: [Range<Int>], within limit: Int) -> Bool {
        var stream = z_stream()
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        var total = 0
        return bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { output in
                for part in parts {
                    // zlib's type is not const; it only reads.
                    stream.next_in = bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0 + part.lowerBound) }
                    stream.avail_in = UInt32(part.count)
                    while true {
                        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                        stream.avail_out = UInt32(output.count)
                        let status = inflate(&stream, Z_NO_FLUSH)
                        total += output.count - Int(stream.avail_out)
                        guard total <= limit else { return false }
                        // What is damaged ends here for the decoder as well.
                        guard status == Z_OK else { return true }
                        if stream.avail_in == 0, stream.avail_out > 0 { break }
                    }
                }
                return true
            }
        }
    }
}
