import CSTBImage

/// A decoded picture: RGB bytes, interleaved, rows from the top.
struct Picture: Sendable {
    let width: Int
    let height: Int
    let rgb: [UInt8]

    /// The shorter side rescaled to `size` and the central square cut out (paper §2): size×size, planar RGB.
    func squared(_ size: Int) throws(PictureError) -> [UInt8] {
        let shorter = min(width, height)
        if shorter == size {
            return planar(rgb, rowStride: 3 * width, top: (height - size) / 2, left: (width - size) / 2, size: size)
        }
        let scaledWidth = scaled(width, shorter, size)
        let scaledHeight = scaled(height, shorter, size)
        // Only the part of the rescaled picture that is kept is computed.
        let left = Float((scaledWidth - size) / 2) / Float(scaledWidth)
        let top = Float((scaledHeight - size) / 2) / Float(scaledHeight)
        let right = Float((scaledWidth - size) / 2 + size) / Float(scaledWidth)
        let bottom = Float((scaledHeight - size) / 2 + size) / Float(scaledHeight)
        var status: Int32 = 0
        let square = [UInt8](unsafeUninitializedCapacity: 3 * size * size) { buffer, count in
            status = stbir_resize_region(
                rgb, Int32(width), Int32(height), 0, buffer.baseAddress, Int32(size), Int32(size), 0,
                STBIR_TYPE_UINT8, 3, STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP,
                STBIR_FILTER_DEFAULT, STBIR_FILTER_DEFAULT, STBIR_COLORSPACE_LINEAR, nil, left, top, right, bottom)
            count = status == 1 ? 3 * size * size : 0
        }
        guard status == 1 else { throw PictureError("cannot be rescaled from \(width)×\(height)") }
        return planar(square, rowStride: 3 * size, top: 0, left: 0, size: size)
    }

    /// A side after rescaling, to the nearest pixel.
    private func scaled(_ side: Int, _ shorter: Int, _ size: Int) -> Int { (side * size + shorter / 2) / shorter }

    private func planar(_ source: [UInt8], rowStride: Int, top: Int, left: Int, size: Int) -> [UInt8] {
        let area = size * size
        return source.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: 3 * area) { planes, count in
                for row in 0..<size {
                    let start = (top + row) * rowStride + 3 * left
                    for column in 0..<size {
                        for channel in 0..<3 {
                            planes[channel * area + row * size + column] = source[start + 3 * column + channel]
                        }
                    }
                }
                count = 3 * area
            }
        }
    }
}
