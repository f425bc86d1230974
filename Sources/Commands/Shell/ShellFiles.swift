import Foundation
import Glibc
import Platform

/// The files that `shell install` writes below a prefix, and the list from which `shell uninstall` removes them.
struct ShellFiles {
    /// The largest size of the list in bytes. It has some dozens of short names.
    private static let listLimit = 1 << 20
    private static let list = "share/colonnade/shell-files"

    let prefix: String

    static func manual(_ name: String) -> String { "share/man/man1/\(name)" }

    /// Writes files and the list of them, and removes files of an earlier release that are not among them.
    /// - Parameter files: contents by path below the prefix.
    /// - Throws: `FileError` if the prefix cannot be written to, `CommandFailure` if a file belongs to another program.
    func install(_ files: [String: String]) throws {
        let before = Set(try listed())
        let manager = FileManager.default
        for path in files.keys.sorted() where !before.contains(path) && manager.fileExists(atPath: absolute(path)) {
            throw CommandFailure(
                CommandFailure.cannotCreate,
                "\(absolute(path)) was not installed by `colonnade shell install`; move it away or choose another --prefix")
        }
        // Write the list first, so that `uninstall` finds every file even if a later write fails.
        try write(before.union(files.keys).sorted().joined(separator: "\n") + "\n", to: Self.list)
        for (path, content) in files.sorted(by: { $0.key < $1.key }) { try write(content, to: path) }
        for path in before.subtracting(files.keys) {
            try? manager.removeItem(atPath: absolute(path))
            removeEmptyDirectories(above: path)
        }
        try write(files.keys.sorted().joined(separator: "\n") + "\n", to: Self.list)
    }

    /// Removes the listed files, and directories that are then empty.
    /// - Returns: the paths that were removed.
    func uninstall() throws -> [String] {
        let manager = FileManager.default
        let paths = try listed()
        guard !paths.isEmpty else {
            throw CommandFailure(
                CommandFailure.noInput,
                "nothing of colonnade is installed below \(prefix); name the prefix of the installation with --prefix")
        }
        let present = paths.filter { manager.fileExists(atPath: absolute($0)) }
        for path in present { try manager.removeItem(atPath: absolute(path)) }
        try manager.removeItem(atPath: absolute(Self.list))
        for path in paths + [Self.list] { removeEmptyDirectories(above: path) }
        return present.map(absolute)
    }

    func absolute(_ path: String) -> String { "\(prefix)/\(path)" }

    /// Returns the paths of an earlier installation. Entries that point outside the prefix are ignored.
    private func listed() throws -> [String] {
        guard FileManager.default.fileExists(atPath: absolute(Self.list)) else { return [] }
        let bytes = try SmallFile.read(absolute(Self.list), limit: Self.listLimit)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("share/") && !$0.split(separator: "/").contains("..") }
    }

    private func write(_ content: String, to path: String) throws {
        let target = absolute(path)
        let directory = (target as NSString).deletingLastPathComponent
        do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
            throw CommandFailure(
                CommandFailure.cannotCreate, "\(directory) cannot be created: \(error.localizedDescription); choose another --prefix")
        }
        try DurableFile.write([UInt8](content.utf8), to: target)
    }

    private func removeEmptyDirectories(above path: String) {
        var directory = (path as NSString).deletingLastPathComponent
        // rmdir fails on a directory that is not empty.
        while directory.contains("/"), rmdir(absolute(directory)) == 0 {
            directory = (directory as NSString).deletingLastPathComponent
        }
    }
}
