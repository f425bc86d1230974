/// The images of a split in the order in which they are packed; only a few names are held at a time.
protocol ImageQueue: Sendable {
    /// The next image, or nil at the end.
    mutating func next() throws -> ImageItem?
    /// Goes on after the image whose position this is.
    mutating func seek(_ position: ImagePosition) throws
}

/// An image to pack.
struct ImageItem: Sendable {
    enum Content: Sendable {
        case file(path: String)
        case member(TarArchive, TarMember)
        /// Listed as left out.
        case unusable(reason: String)
    }

    /// As a report names it.
    let name: String
    let label: Int
    let content: Content
    let position: ImagePosition
    /// How much of the split is done with this image, 0...1.
    let fraction: Double

    func bytes() throws(ImageError) -> [UInt8] {
        switch content {
        case .file(let path): return try ImageFile.read(path)
        case .member(let archive, let member):
            guard member.size > 0 else { throw ImageError("empty file") }
            guard member.size <= ImageFile.sizeLimit else {
                throw ImageError("too large: \(member.size) bytes, the limit is 256 MB")
            }
            return try archive.read(at: member.offset, count: member.size)
        case .unusable(let reason): throw ImageError(reason)
        }
    }
}

/// Where a queue goes on after an image.
struct ImagePosition: Codable, Sendable, Equatable {
    /// The class's number in folders, the inner archive's place in an archive of archives.
    var container = 0
    var offset = 0
}
