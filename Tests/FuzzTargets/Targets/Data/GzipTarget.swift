import Datasets

extension FuzzTarget {
    /// A file that may be gzipped, read in pieces.
    static let gzip = FuzzTarget("gzip") { input in
        let file = try GzipFile(path: GzipFiles.folder.write(input, to: "file.gz"))
        var piece = [UInt8](repeating: 0, count: 1 + Int(input.last ?? 0) * 16)
        for _ in 0..<32 { try piece.withUnsafeMutableBytes(file.read) }
        try file.expectEnd()
    }

    /// An IDX file, gzipped or not: header, and images as the import reads them.
    static let idx = FuzzTarget("idx") { input in
        let dimensions = input.last.map { $0 & 1 != 0 } ?? false ? 3 : 1
        GzipFiles.folder.write(input.dropLast(), to: "images.gz")
        let file = try IDXFile(directory: GzipFiles.folder.path, name: "images", dimensions: dimensions)
        let size = file.extents.dropFirst().reduce(1, *)
        holds(size > 0 && size <= 4096 * 4096)
        var image = [UInt8](repeating: 0, count: size)
        for _ in 0..<file.extents[0] { try image.withUnsafeMutableBytes(file.file.read) }
        try file.file.expectEnd()
    }
}

private enum GzipFiles {
    static let folder = ScratchFolder("gzip")
}

extension UnsafeRawBufferPointer {
    fileprivate func dropLast() -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[..<Swift.max(0, count - 1)]) }
}
