package import Platform

/// An IDX file of bytes: a magic number (0, 0, type 8 = unsigned byte, number of dimensions), the extents as big-endian
/// 32-bit integers, then the data.
package struct IDXFile {
    /// More items than any data set in this format has.
    private static let countLimit = 1 << 27

    package let file: GzipFile
    /// The extents, outermost first: items, then rows and columns for images.
    package let extents: [Int]

    /// Opens `NAME` or `NAME.gz` in a directory and reads its header.
    package init(directory: String, name: String, dimensions: Int) throws {
        let paths = ["", ".gz"].map { FilePath(directory).appending(name + $0) }
        guard let path = paths.first(where: FolderListing.isRegularFile) else {
            throw DatasetError("\(paths[0].shown) and \(name).gz are missing; download one of them into \(directory)")
        }
        try self.init(path: path, dimensions: dimensions)
    }

    /// Opens a file, plain or gzipped, and reads its header.
    package init(path: FilePath, dimensions: Int) throws {
        file = try GzipFile(path: path)
        let path = path.shown
        var header = [UInt8](repeating: 0, count: 4 * (dimensions + 1))
        try header.withUnsafeMutableBytes(file.read)
        guard Array(header[..<4]) == [0, 0, 8, UInt8(dimensions)] else {
            throw DatasetError("\(path): is not an IDX file of bytes with \(dimensions) dimensions; download it again")
        }
        extents = (1...dimensions).map { word in
            header[4 * word..<4 * word + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        guard (1...Self.countLimit).contains(extents[0]),
            extents.dropFirst().allSatisfy((1...DatasetManifest.sideLimit).contains)
        else { throw DatasetError("\(path): the header has invalid extents \(extents); download it again") }
    }
}
