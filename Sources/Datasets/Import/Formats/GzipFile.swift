import CZlib
package import Platform

/// A plain or gzipped file that is read sequentially.
package final class GzipFile {
    package let path: String
    private let handle: gzFile

    package convenience init(path: String) throws { try self.init(path: FilePath(path)) }

    /// Opens a file whose path need not be UTF-8.
    package init(path: FilePath) throws {
        guard let handle = path.withCString({ gzopen($0, "rb") }) else { throw DatasetError("\(path.shown): cannot be opened") }
        (self.path, self.handle) = (path.shown, handle)
        gzbuffer(handle, 1 << 18)
    }

    deinit { gzclose_r(handle) }

    /// Fills the whole buffer.
    /// - Throws: `DatasetError` if the file ends early or is damaged.
    package func read(_ buffer: UnsafeMutableRawBufferPointer) throws {
        var rest = buffer
        while !rest.isEmpty {
            let count = gzread(handle, rest.baseAddress, UInt32(min(rest.count, 1 << 30)))
            guard count > 0 else {
                var code: Int32 = 0
                let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
                throw DatasetError(
                    "\(path): ends early or is damaged\(message.isEmpty ? "" : " (\(message))"); download it again")
            }
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[Int(count)...])
        }
    }

    /// Checks that the file ends here, and that the checksum of a gzipped file is correct.
    package func expectEnd() throws {
        var byte: UInt8 = 0
        let count = gzread(handle, &byte, 1)
        guard count == 0 else {
            throw DatasetError("\(path): is \(count < 0 ? "damaged" : "longer than its header says"); download it again")
        }
    }
}
