/// The kind of a reason for which an import leaves a file out.
public enum LeftOut: String, CaseIterable, Codable, Sendable {
    /// An image that cannot be decoded, or a file that cannot be read.
    case damaged
    /// An image that is too large, or costs too much to decode.
    case excessive
    /// A file that is no image in a supported format.
    case unsupported
    /// A file whose class nothing tells.
    case unlabelled
    /// An image of a class without training images.
    case untrained
    /// A symbolic link that is not followed.
    case link
    /// A file or folder of an operating system, or a hidden one.
    case system
    /// A part of the source that a data set has no place for, such as a third split.
    case surplus

    /// The sentence part for a table.
    public var title: String {
        switch self {
        case .damaged: "damaged or unreadable"
        case .excessive: "too large to decode"
        case .unsupported: "no image in a supported format"
        case .unlabelled: "without a class"
        case .untrained: "of classes without training images"
        case .link: "links that are not followed"
        case .system: "hidden, or of an operating system"
        case .surplus: "files and folders beside what is packed"
        }
    }

    /// Whether an image was meant to be packed, and could not be.
    public var isFailure: Bool { self == .damaged || self == .excessive }
}
