import Platform

/// The images of a split in the order in which they are packed. Only a few names are in memory at a time.
protocol ImageQueue: Sendable {
    /// Returns the next image, or nil at the end.
    mutating func next() throws -> ImageItem?
    /// Continues after the image with this position.
    /// - Throws: `DatasetError` if the source does not have that position.
    mutating func seek(_ position: ImagePosition) throws
}

/// An image to pack.
struct ImageItem: Sendable {
    enum Content: Sendable {
        case file(path: FilePath, followsLinks: Bool)
        case member(TarArchive, TarMember)
        /// Listed as skipped.
        case unusable(ImageError)
    }

    /// The name of the image in a report.
    let name: String
    let label: Int
    let content: Content
    let position: ImagePosition
    /// The fraction of the split that is done after this image, 0...1.
    let fraction: Double

    func bytes() throws(ImageError) -> [UInt8] {
        switch content {
        case .file(let path, let followsLinks): return try ImageFile.read(path, followsLinks: followsLinks)
        case .member(let archive, let member):
            guard member.size > 0 else { throw ImageError("empty file") }
            guard member.size <= ImageFile.sizeLimit else {
                throw ImageError("too large: \(member.size) bytes, the limit is 256 MB", .excessive)
            }
            return try archive.read(at: member.offset, count: member.size)
        case .unusable(let error): throw error
        }
    }
}

/// The position after an image, from which a queue continues.
struct ImagePosition: Codable, Sendable, Equatable {
    /// The index of the class's folder, or of the inner archive in an archive of archives.
    var container = 0
    var offset = 0
}
