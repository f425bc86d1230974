import CYUV

/// A decoded image: red, green, blue and an unused byte for each pixel, with rows from the top.
package struct Image: Sendable {
    package let width: Int
    package let height: Int
    package let rgbx: [UInt8]

    /// Rescales the shorter side to `size` and cuts out the central square (paper §2).
    package func squared(_ size: Int) throws(ImageError) -> Image {
        let shorter = min(width, height)
        if shorter == size, width == height { return self }
        let (scaledWidth, scaledHeight) = (scaled(width, shorter, size), scaled(height, shorter, size))
        let (left, top) = ((scaledWidth - size) / 2, (scaledHeight - size) / 2)
        // The library computes the byte offset of the clip in 32 bits; only an extremely narrow image exceeds that.
        guard top * 4 * size + 4 * left <= Int(Int32.max) / 2 else {
            throw ImageError("too narrow: \(width)×\(height) pixels")
        }
        var status: Int32 = -1
        let square = [UInt8](unsafeUninitializedCapacity: 4 * size * size) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            // Only the central square is computed, but the library addresses it from the corner of the whole rescaled image.
            let corner = start - (top * 4 * size + 4 * left)
            status = ARGBScaleClip(
                rgbx, Int32(4 * width), Int32(width), Int32(height), corner, Int32(4 * size), Int32(scaledWidth),
                Int32(scaledHeight), Int32(left), Int32(top), Int32(size), Int32(size), kFilterBox)
            count = status == 0 ? 4 * size * size : 0
        }
        guard status == 0 else { throw ImageError("cannot be rescaled from \(width)×\(height)") }
        return Image(width: size, height: size, rgbx: square)
    }

    /// Returns the length of a side after rescaling, to the nearest pixel.
    private func scaled(_ side: Int, _ shorter: Int, _ size: Int) -> Int { (side * size + shorter / 2) / shorter }

    /// The red, green and blue planes.
    package var planar: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 3 * width * height) { planes, count in
            count = 3 * width * height
            if let start = planes.baseAddress { Self.split(rgbx, width, height, into: start) }
        }
    }

    static func split(_ rgbx: UnsafePointer<UInt8>, _ width: Int, _ height: Int, into planes: UnsafeMutablePointer<UInt8>) {
        let area = width * height
        // The library's ARGB is blue, green, red, alpha in memory, so its blue is our red.
        SplitARGBPlane(
            rgbx, Int32(4 * width), planes + 2 * area, Int32(width), planes + area, Int32(width), planes, Int32(width),
            nil, 0, Int32(width), Int32(height))
    }
}
