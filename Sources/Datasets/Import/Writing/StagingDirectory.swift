import Foundation
import Glibc
import Platform

/// A private directory in which a data set is made, and which takes its place when it is complete.
///
/// It is beside the destination and is renamed to it. Where the destination exists, it may be the root of a mount, or a user's only
/// directory in one of somebody else; then it is inside, and its files are moved, dataset.json last, without which there is no data set.
///
/// An interrupted import that has saved a journal leaves the directory, and the next import to the same destination
/// reuses it.
final class StagingDirectory {
    let path: String
    private let destination: String
    /// Whether the directory is inside the destination.
    private let isInside: Bool
    private let lock: Int32
    private var isCommitted = false

    /// - Throws: `DatasetError` if the destination exists and is not an empty directory, if its parent is missing, or if
    ///   another process is importing into it.
    init(destination: String) throws {
        var target = URL(fileURLWithPath: destination).standardizedFileURL.path
        var status = stat()
        let inside = stat(target, &status) == 0
        var leftovers: [String] = []
        if inside {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw DatasetError("\(destination) is not a directory; name another destination")
            }
            if let resolved = realpath(target, nil) {
                target = String(cString: resolved)
                free(resolved)
            }
            guard let found = try Self.leftovers(in: target) else {
                throw DatasetError("\(destination) is not empty; name another destination or empty it first")
            }
            leftovers = found
        }
        let parent = (target as NSString).deletingLastPathComponent
        guard inside || access(parent, F_OK) == 0 else {
            throw DatasetError("\(parent) does not exist; create it first or name another destination")
        }
        let path = inside ? "\(target)/\(Self.inner)" : "\(target).partial"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(path, "create it") }
        let lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard lock >= 0 else { throw FileError(path, "open the directory") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw DatasetError("another import is writing to \(destination); wait for it to end, or name another destination")
        }
        // Nobody is moving them any more.
        for name in leftovers { unlink("\(target)/\(name)") }
        (self.path, self.destination, self.lock, isInside) = (path, target, lock, inside)
    }

    deinit { close(lock) }

    private static let inner = ".partial"
    private static let manifest = "dataset.json"

    /// Returns the files that a process left which ended while it moved them; nil if the directory has anything of others.
    private static func leftovers(in target: String) throws -> [String]? {
        let names = try FolderListing.entries(FilePath(target)).map(\.name.shown).filter { $0 != "lost+found" && $0 != inner }
        let parts = Set(Split.allCases.flatMap { ["\($0.rawValue).records", "\($0.rawValue).index"] } + ["mean.f32", "skipped.tsv"])
        guard names.isEmpty || access("\(target)/\(inner)", F_OK) == 0 && parts.isSuperset(of: names) else { return nil }
        return names
    }

    /// Removes everything in the directory.
    func empty() throws {
        for entry in try FolderListing.entries(FilePath(path)) {
            try FileManager.default.removeItem(atPath: "\(path)/\(entry.name)")
        }
    }

    /// Makes the content durable and renames the directory to the destination.
    func commit() throws {
        guard !isInside else { return try moveFiles() }
        guard chmod(path, 0o755) == 0 else { throw FileError(path, "make it readable") }
        try DurableFile.syncDirectory(path)
        guard rename(path, destination) == 0 else { throw FileError(destination, "put it in place") }
        isCommitted = true
        try DurableFile.syncDirectory((destination as NSString).deletingLastPathComponent)
    }

    private func moveFiles() throws {
        let names = try FolderListing.entries(FilePath(path)).map(\.name.shown)
        for name in names.filter({ $0 != Self.manifest }) + [Self.manifest] {
            if name == Self.manifest { try DurableFile.syncDirectory(destination) }
            let place = "\(destination)/\(name)"
            guard rename("\(path)/\(name)", place) == 0 else { throw FileError(place, "put it in place") }
        }
        isCommitted = true
        rmdir(path)
        try DurableFile.syncDirectory(destination)
    }

    /// Removes the directory unless it was committed.
    func discard() {
        if !isCommitted { try? FileManager.default.removeItem(atPath: path) }
    }
}
