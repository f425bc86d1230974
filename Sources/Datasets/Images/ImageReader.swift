public import Platform

/// Reads single image files, for example to classify them.
public enum ImageReader {
    /// Returns an image file as an import would store it: the shorter side rescaled to `size`, the central square cut out, as
    /// planar CHW bytes.
    /// - Parameter channels: 3 for RGB, 1 for luminance.
    /// - Throws: `DatasetError`, which names the file.
    public static func square(path: FilePath, size: Int, channels: Int = 3) throws -> [UInt8] {
        guard (1...DatasetManifest.sideLimit).contains(size) else {
            throw DatasetError("the size \(size) is invalid; choose 1 to \(DatasetManifest.sideLimit)")
        }
        guard channels == 3 || channels == 1 else {
            throw DatasetError("a network with \(channels) input channels cannot read image files; use one with 1 or 3")
        }
        do {
            let planar = try ImageDecoder().decode(ImageFile.read(path, followsLinks: true)).squared(size).planar
            return channels == 3 ? planar : luminance(planar)
        } catch {
            throw DatasetError("\(path.shown): \(error.reason); name a JPEG or PNG file")
        }
    }

    /// Returns an image file as an import would store it; see the function for a path of bytes.
    public static func square(path: String, size: Int, channels: Int = 3) throws -> [UInt8] {
        try square(path: FilePath(path), size: size, channels: channels)
    }

    /// Luminance by ITU-R BT.601, as in JPEG.
    private static func luminance(_ planar: [UInt8]) -> [UInt8] {
        let area = planar.count / 3
        return (0..<area).map { i in
            let (red, green, blue) = (Int(planar[i]), Int(planar[area + i]), Int(planar[2 * area + i]))
            return UInt8((299 * red + 587 * green + 114 * blue + 500) / 1000)
        }
    }
}
