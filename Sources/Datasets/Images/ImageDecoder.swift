import CSTBImage
import CTurboJPEG

/// Decodes image files, whose format it recognizes by their first bytes, not their names. Use one decoder per thread.
package final class ImageDecoder {
    /// Larger images are rejected before memory is allocated.
    static let pixelLimit = 64 << 20
    /// The limit of the fixed-point arithmetic of rescaling.
    static let sideLimit = 32_767
    /// The limit of scans × pixels, some seconds of work. Each scan of a progressive JPEG is a pass over all pixels, and may
    /// take only a few bytes of the file.
    private static let workLimit = 1 << 30

    private let jpeg = tjInitDecompress()

    package init() {}

    deinit { if let jpeg { tjDestroy(jpeg) } }

    /// Returns the size that a file states.
    func dimensions(_ bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
        switch try ImageFormat(bytes) {
        case .jpeg: try jpegHeader(bytes).size
        case .webp: try webpSize(bytes)
        case .other: try otherSize(bytes)
        }
    }

    package func decode(_ bytes: [UInt8]) throws(ImageError) -> Image {
        switch try ImageFormat(bytes) {
        case .jpeg: try decodeJPEG(bytes)
        case .webp: try decodeWebP(bytes)
        case .other: try decodeOther(bytes)
        }
    }

    private func check(_ width: Int32, _ height: Int32) throws(ImageError) -> (width: Int, height: Int) {
        let (width, height) = (Int(width), Int(height))
        guard width > 0, height > 0 else { throw ImageError("damaged: its width or height is 0") }
        guard width <= Self.sideLimit, height <= Self.sideLimit, width * height <= Self.pixelLimit else {
            throw ImageError("too large: \(width)×\(height) pixels, the limit is 64 megapixels", .excessive)
        }
        return (width, height)
    }

    // MARK: JPEG

    private func jpegHeader(_ bytes: [UInt8]) throws(ImageError) -> (size: (width: Int, height: Int), isCMYK: Bool) {
        var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let status = tjDecompressHeader3(jpeg, bytes, UInt(bytes.count), &width, &height, &sampling, &space)
        guard status == 0 || tjGetErrorCode(jpeg) == TJERR_WARNING.rawValue else { throw jpegError() }
        let isCMYK = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
        return (try check(width, height), isCMYK)
    }

    private func decodeJPEG(_ bytes: [UInt8]) throws(ImageError) -> Image {
        let ((width, height), isCMYK) = try jpegHeader(bytes)
        let content = JPEGContent(bytes)
        // The decoder itself stops at 500 scans.
        guard width * height * min(max(content.scans, 1), 500) <= Self.workLimit else {
            throw ImageError("too costly: it has too many scans", .excessive)
        }
        guard content.isWhole else { throw ImageError("damaged JPEG: premature end of the file") }
        let format = isCMYK ? TJPF_CMYK : TJPF_RGBX
        let size = width * height * 4
        var status: Int32 = 0
        var pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            status = tjDecompress2(
                jpeg, bytes, UInt(bytes.count), buffer.baseAddress, Int32(width), 0, Int32(height),
                Int32(format.rawValue), TJFLAG_LIMITSCANS)
            count = size
        }
        // What other programs read in spite of warnings is used; all of the file is there.
        guard status == 0 || tjGetErrorCode(jpeg) == TJERR_WARNING.rawValue else { throw jpegError() }
        if isCMYK { Self.convert(cmyk: &pixels) }
        return Image(width: width, height: height, rgbx: pixels).turned(content.exif.map { Orientation(exif: $0) } ?? .upright)
    }

    /// Decodes a stored JPEG image into planes, CHW.
    /// - Parameter scratch: memory of 4 bytes per pixel.
    package func decodeStored(
        _ bytes: UnsafeRawBufferPointer, width: Int, height: Int, scratch: UnsafeMutablePointer<UInt8>,
        into planes: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var (foundWidth, foundHeight, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        guard tjDecompressHeader3(jpeg, start, UInt(bytes.count), &foundWidth, &foundHeight, &sampling, &space) == 0 else {
            throw jpegError()
        }
        guard Int(foundWidth) == width, Int(foundHeight) == height else {
            throw ImageError("damaged: the image is \(foundWidth)×\(foundHeight) instead of \(width)×\(height)")
        }
        let status = tjDecompress2(
            jpeg, start, UInt(bytes.count), scratch, Int32(width), 0, Int32(height), Int32(TJPF_RGBX.rawValue),
            TJFLAG_LIMITSCANS)
        guard status == 0 else { throw jpegError() }
        Image.split(scratch, width, height, into: planes)
    }

    /// Converts CMYK to RGB. JPEG files have inverted inks (255 is none), as Adobe's programs write them.
    private static func convert(cmyk pixels: inout [UInt8]) {
        for start in stride(from: 0, to: pixels.count, by: 4) {
            let black = Int(pixels[start + 3])
            for c in 0..<3 { pixels[start + c] = UInt8((Int(pixels[start + c]) * black + 127) / 255) }
        }
    }

    private func jpegError() -> ImageError {
        ImageError("damaged JPEG: \(tjGetErrorStr2(jpeg).map { String(cString: $0) } ?? "no reason given")")
    }

    // MARK: Other formats

    private func webpSize(_ bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
        let size = try WebPImage.size(bytes)
        return try check(Int32(clamping: size.width), Int32(clamping: size.height))
    }

    private func decodeWebP(_ bytes: [UInt8]) throws(ImageError) -> Image {
        _ = try webpSize(bytes)
        return try WebPImage.decode(bytes)
    }

    private func otherSize(_ bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
        var (width, height, channels): (Int32, Int32, Int32) = (0, 0, 0)
        guard stbi_info_from_memory(bytes, Int32(bytes.count), &width, &height, &channels) != 0 else {
            throw otherError()
        }
        return try check(width, height)
    }

    private func decodeOther(_ bytes: [UInt8]) throws(ImageError) -> Image {
        let expected = try otherSize(bytes)
        try PNGContent.check(bytes, width: expected.width, height: expected.height)
        var (width, height, channels): (Int32, Int32, Int32) = (0, 0, 0)
        guard let pixels = stbi_load_from_memory(bytes, Int32(bytes.count), &width, &height, &channels, 4) else {
            throw otherError()
        }
        defer { stbi_image_free(pixels) }
        guard (Int(width), Int(height)) == expected else { throw ImageError("damaged: it states two different sizes") }
        let rgbx = [UInt8](UnsafeBufferPointer(start: pixels, count: 4 * Int(width) * Int(height)))
        let image = Image(width: Int(width), height: Int(height), rgbx: rgbx)
        return image.turned(PNGContent.exif(bytes).map { Orientation(exif: $0) } ?? .upright)
    }

    private func otherError() -> ImageError {
        ImageError("damaged image: \(stbi_failure_reason().map { String(cString: $0) } ?? "no reason given")")
    }
}
