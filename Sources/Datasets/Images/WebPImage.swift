import CWebP

/// Decodes WebP files; of an animation, the first frame.
enum WebPImage {
    /// The decoder of animations needs the canvas twice.
    private static let animationLimit = ImageDecoder.pixelLimit / 4

    private struct Features {
        let width: Int
        let height: Int
        let isAnimated: Bool
    }

    /// Returns the size that a file states.
    static func size(_ bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
        let features = try features(bytes)
        return (features.width, features.height)
    }

    /// Returns a file's image. The caller must have checked the size that it states.
    static func decode(_ bytes: [UInt8]) throws(ImageError) -> Image {
        let features = try features(bytes)
        let image = features.isAnimated ? try firstFrame(bytes, features) : try still(bytes, features)
        return image.turned(exif(bytes).map { Orientation(exif: $0) } ?? .upright)
    }

    private static func features(_ bytes: [UInt8]) throws(ImageError) -> Features {
        var found = WebPBitstreamFeatures()
        guard WebPGetFeatures(bytes, bytes.count, &found) == VP8_STATUS_OK else {
            throw ImageError("damaged WebP: its header is not valid or ends early")
        }
        return Features(width: Int(found.width), height: Int(found.height), isAnimated: found.has_animation != 0)
    }

    private static func still(_ bytes: [UInt8], _ features: Features) throws(ImageError) -> Image {
        let size = 4 * features.width * features.height
        var isDecoded = false
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            isDecoded = WebPDecodeRGBAInto(bytes, bytes.count, buffer.baseAddress, size, Int32(4 * features.width)) != nil
            count = isDecoded ? size : 0
        }
        guard isDecoded else { throw ImageError("damaged WebP: it cannot be decoded or ends early") }
        return Image(width: features.width, height: features.height, rgbx: pixels)
    }

    private static func firstFrame(_ bytes: [UInt8], _ features: Features) throws(ImageError) -> Image {
        guard features.width * features.height <= animationLimit else {
            throw ImageError("too large: an animation of \(features.width)×\(features.height) pixels", .excessive)
        }
        let pixels: [UInt8]? = bytes.withUnsafeBufferPointer { bytes in
            var data = WebPData(bytes: bytes.baseAddress, size: bytes.count)
            guard let decoder = WebPAnimDecoderNew(&data, nil) else { return nil }
            defer { WebPAnimDecoderDelete(decoder) }
            var (frame, time) = (UnsafeMutablePointer<UInt8>?.none, Int32(0))
            guard WebPAnimDecoderGetNext(decoder, &frame, &time) != 0, let frame else { return nil }
            return Array(UnsafeBufferPointer(start: frame, count: 4 * features.width * features.height))
        }
        guard let pixels else { throw ImageError("damaged WebP: its first frame cannot be decoded") }
        return Image(width: features.width, height: features.height, rgbx: pixels)
    }

    /// Returns the file's Exif block, which begins with its TIFF header; nil if it has none.
    private static func exif(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var offset = 12
        while bytes.count - offset >= 8 {
            let length = bytes[offset + 4..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let start = offset + 8
            guard length <= bytes.count - start else { return nil }
            if bytes[offset..<offset + 4].elementsEqual("EXIF".utf8) {
                let block = bytes[start..<start + length]
                // Some programs keep the name that the block has in JPEG files.
                let name = Array("Exif".utf8) + [0, 0]
                return block.starts(with: name) ? block.dropFirst(name.count) : block
            }
            offset = start + length + length % 2
        }
        return nil
    }
}
