/// The pictures of a split in the order in which they are packed; only a few names are held at a time.
protocol PictureQueue: Sendable {
    /// The next picture, or nil at the end.
    mutating func next() throws -> PictureItem?
    /// Goes on after the picture whose position this is.
    mutating func seek(_ position: PicturePosition) throws
}

/// A picture to pack.
struct PictureItem: Sendable {
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
    let position: PicturePosition
    /// How much of the split is done with this picture, 0...1.
    let fraction: Double

    func bytes() throws(PictureError) -> [UInt8] {
        switch content {
        case .file(let path): return try PictureFile.read(path)
        case .member(let archive, let member):
            guard member.size > 0 else { throw PictureError("empty file") }
            guard member.size <= PictureFile.sizeLimit else {
                throw PictureError("too large: \(member.size) bytes, the limit is 256 MB")
            }
            return try archive.read(at: member.offset, count: member.size)
        case .unusable(let reason): throw PictureError(reason)
        }
    }
}

/// Where a queue goes on after a picture.
struct PicturePosition: Codable, Sendable, Equatable {
    /// The class's number in folders, the inner archive's place in an archive of archives.
    var container = 0
    var offset = 0
}
