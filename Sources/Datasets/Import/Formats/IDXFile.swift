/// An IDX file of bytes: a magic (0, 0, type 8 = unsigned byte, number of dimensions), the extents as big-endian
/// 32-bit integers, the data.
package struct IDXFile {
    /// More items than any data set of this kind has.
    private static let countLimit = 1 << 27

    package let file: GzipFile
    /// Extents, outermost first: items, then rows and columns for images.
    package let extents: [Int]

    /// Opens `NAME` or `NAME.gz` in a directory and reads its header.
    package init(directory: String, name: String, dimensions: Int) throws {
        let paths = ["\(directory)/\(name)", "\(directory)/\(name).gz"]
        guard let path = paths.first(where: FolderListing.isRegularFile) else {
            throw DatasetError("\(paths[0]) is missing, and so is \(name).gz; download it into \(directory)")
        }
        file = try GzipFile(path: path)
        var header = [UInt8](repeating: 0, count: 4 * (dimensions + 1))
        try header.withUnsafeMutableBytes(file.read)
        guard Array(header[..<4]) == [0, 0, 8, UInt8(dimensions)] else {
            throw DatasetError("\(path): not an IDX file of bytes with \(dimensions) dimensions; download it again")
        }
        extents = (1...dimensions).map { place in
            header[4 * place..<4 * place + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        guard (1...Self.countLimit).contains(extents[0]),
            extents.dropFirst().allSatisfy((1...DatasetManifest.sideLimit).contains)
        else { throw DatasetError("\(path): its header has impossible extents \(extents); download it again") }
    }
}
