import Foundation
import Glibc
import Platform

/// A private directory beside the destination that is renamed to the destination when its content is complete.
///
/// An interrupted import that has saved a journal leaves the directory, and the next import to the same destination
/// reuses it.
final class StagingDirectory {
    let path: String
    private let destination: String
    private let lock: Int32
    private var isCommitted = false

    /// - Throws: `DatasetError` if the destination exists and is not an empty directory, if its parent is missing, or if
    ///   another process is importing into it.
    init(destination: String) throws {
        var target = URL(fileURLWithPath: destination).standardizedFileURL.path
        var status = stat()
        if stat(target, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw DatasetError("\(destination) is not a directory; name another destination")
            }
            guard try FolderListing.entries(FilePath(target)).isEmpty else {
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
        let path = "\(target).partial"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(path, "create it") }
        let lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard lock >= 0 else { throw FileError(path, "open the directory") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw DatasetError("another import is writing to \(destination); wait for it to end, or name another destination")
        }
        (self.path, self.destination, self.lock) = (path, target, lock)
    }

    deinit { close(lock) }

    /// Removes everything in the directory.
    func empty() throws {
        for entry in try FolderListing.entries(FilePath(path)) {
            try FileManager.default.removeItem(atPath: "\(path)/\(entry.name)")
        }
    }

    /// Makes the content durable and renames the directory to the destination.
    func commit() throws {
        guard chmod(path, 0o755) == 0 else { throw FileError(path, "make it readable") }
        try DurableFile.syncDirectory(path)
        guard rename(path, destination) == 0 else { throw FileError(destination, "put it in place") }
        isCommitted = true
        try DurableFile.syncDirectory((destination as NSString).deletingLastPathComponent)
    }

    /// Removes the directory unless it was committed.
    func discard() {
        if !isCommitted { try? FileManager.default.removeItem(atPath: path) }
    }
}
