import CTurboJPEG
import CZlib

/// Encodes small images for tests.
package enum ImageMaker {
    package enum Colors { case rgb, gray, cmyk }

    /// Returns a JPEG file of interleaved pixels, at full quality and without subsampling.
    package static func jpeg(_ pixels: [UInt8], width: Int, height: Int, _ colors: Colors = .rgb, isProgressive: Bool = false) -> [UInt8] {
        guard let handle = tjInitCompress() else { return [] }
        defer { tjDestroy(handle) }
        let (format, sampling) =
            switch colors {
            case .rgb: (TJPF_RGB, TJSAMP_444)
            case .gray: (TJPF_GRAY, TJSAMP_GRAY)
            case .cmyk: (TJPF_CMYK, TJSAMP_444)
            }
        var output: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        let status = tjCompress2(
            handle, pixels, Int32(width), 0, Int32(height), Int32(format.rawValue), &output, &size,
            Int32(sampling.rawValue), 100, isProgressive ? TJFLAG_PROGRESSIVE : 0)
        defer { tjFree(output) }
        return status == 0 ? Array(UnsafeBufferPointer(start: output, count: Int(size))) : []
    }

    /// Returns a PNG file of interleaved pixels. A `width` or `height` other than that of the pixels makes its header wrong.
    package static func png(_ pixels: [UInt8], width: Int, height: Int, channels: Int = 3) -> [UInt8] {
        let stride = width * channels
        let rows = (0..<pixels.count / max(stride, 1)).flatMap { [0] + pixels[$0 * stride..<($0 + 1) * stride] }
        var packed = [UInt8](repeating: 0, count: Int(compressBound(UInt(rows.count))))
        var size = UInt(packed.count)
        guard compress(&packed, &size, rows, UInt(rows.count)) == Z_OK else { return [] }
        let header = big(width) + big(height) + [8, channels == 3 ? 2 : 0, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
            + chunk("IDAT", Array(packed[..<Int(size)])) + chunk("IEND", [])
    }

    private static func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 0xFF) } }

    /// Returns a chunk of a PNG file.
    package static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return big(data.count) + body + big(Int(crc32(0, body, UInt32(body.count))))
    }
}
