/// Reads single pictures, as for a prediction.
public enum PictureReader {
    /// A picture file brought to the form of a stored one: the shorter side rescaled to `size`, the central square,
    /// planar RGB bytes.
    /// - Throws: `DatasetError` naming the file.
    public static func square(path: String, size: Int) throws -> [UInt8] {
        guard (1...DatasetManifest.sideLimit).contains(size) else {
            throw DatasetError("a size of \(size) is not possible; choose 1 to \(DatasetManifest.sideLimit)")
        }
        do {
            return try PictureDecoder().decode(path: path).squared(size)
        } catch {
            throw DatasetError("\(path): \(error.reason); name a JPEG or PNG file")
        }
    }
}
