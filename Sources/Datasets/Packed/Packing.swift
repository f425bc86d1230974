/// The storage format of the images of a data set.
public enum Packing: String, Codable, Sendable, CaseIterable {
    /// Pixels: nothing has to be decoded during training.
    case raw
    /// JPEG files of the stored size: a ninth of the space, at half a millisecond per image to decode.
    case jpeg
}
