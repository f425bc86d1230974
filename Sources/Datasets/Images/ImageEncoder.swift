import CTurboJPEG

/// Encodes images as JPEG for storage. Use one encoder per thread.
final class ImageEncoder {
    /// At this quality, 1.2 million images of 256×256 take about 25 GB.
    static let quality: Int32 = 90

    private let jpeg = tjInitCompress()

    deinit { if let jpeg { tjDestroy(jpeg) } }

    func jpeg(_ image: Image) throws(ImageError) -> [UInt8] {
        var output: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        defer { tjFree(output) }
        let status = tjCompress2(
            jpeg, image.rgbx, Int32(image.width), 0, Int32(image.height), Int32(TJPF_RGBX.rawValue), &output, &size,
            Int32(TJSAMP_420.rawValue), Self.quality, 0)
        guard status == 0 else {
            throw ImageError("cannot be encoded: \(tjGetErrorStr2(jpeg).map { String(cString: $0) } ?? "no reason given")")
        }
        return Array(UnsafeBufferPointer(start: output, count: Int(size)))
    }
}
