import Foundation
import Glibc
import Tensors

/// A private directory beside the destination that takes the destination's name when its content is complete.
final class StagingDirectory {
    let path: String
    private let destination: String
    private var isCommitted = false

    /// - Throws: when the destination exists and is not an empty directory, or its parent is absent.
    init(destination: String) throws {
        var target = URL(fileURLWithPath: destination).standardizedFileURL.path
        var status = stat()
        if stat(target, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw DatasetError("\(destination) is not a directory; name another destination")
            }
            guard try FolderListing.entries(target, includingHidden: true).isEmpty else {
                throw DatasetError("\(destination) is not empty; name another destination or empty it first")
            }
            if let resolved = realpath(target, nil) {
                target = String(cString: resolved)
                free(resolved)
            }
        }
        let parent = (target as NSString).deletingLastPathComponent
        guard access(parent, F_OK) == 0 else {
            throw DatasetError("\(parent) does not exist; create it first or name another destination")
        }
        var template = Array("\(target).partial-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else { throw FileError(destination, "create a directory beside it") }
        (path, self.destination) = (made, target)
    }

    /// Makes the content durable and gives it the destination's name.
    func commit() throws {
        guard chmod(path, 0o755) == 0 else { throw FileError(path, "make it readable") }
        try DurableFile.syncDirectory(path)
        guard rename(path, destination) == 0 else { throw FileError(destination, "put it in place") }
        isCommitted = true
        try DurableFile.syncDirectory((destination as NSString).deletingLastPathComponent)
    }

    /// Removes the directory unless it has been committed.
    func discard() {
        if !isCommitted { try? FileManager.default.removeItem(atPath: path) }
    }
}
