/// Reads single images, as for a prediction.
public enum PictureReader {
    /// An image file brought to the form of a stored one: the shorter side rescaled to `size`, the central square,
    /// planar bytes.
    /// - Parameter channels: 3 for RGB, 1 for luminance.
    /// - Throws: `DatasetError` naming the file.
    public static func square(path: String, size: Int, channels: Int = 3) throws -> [UInt8] {
        guard (1...DatasetManifest.sideLimit).contains(size) else {
            throw DatasetError("a size of \(size) is not possible; choose 1 to \(DatasetManifest.sideLimit)")
        }
        guard channels == 3 || channels == 1 else {
            throw DatasetError("a network that reads \(channels) channels takes no image files")
        }
        do {
            let planar = try ImageDecoder().decode(path: path).squared(size).planar
            return channels == 3 ? planar : luminance(planar)
        } catch {
            throw DatasetError("\(path): \(error.reason); name a JPEG or PNG file")
        }
    }

    /// ITU-R BT.601, as JPEG has it.
    private static func luminance(_ planar: [UInt8]) -> [UInt8] {
        let area = planar.count / 3
        return (0..<area).map { i in
            let (red, green, blue) = (Int(planar[i]), Int(planar[area + i]), Int(planar[2 * area + i]))
            return UInt8((299 * red + 587 * green + 114 * blue + 500) / 1000)
        }
    }
}
