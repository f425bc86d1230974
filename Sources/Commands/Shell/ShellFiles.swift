import Foundation
import Glibc
import Tensors

/// The files that `shell install` puts below a prefix, and the list of them that `shell uninstall` goes by.
struct ShellFiles {
    /// A list of some dozens of short names.
    private static let listLimit = 1 << 20
    private static let list = "share/colonnade/shell-files"

    let prefix: String

    static func manual(_ name: String) -> String { "share/man/man1/\(name)" }

    /// Writes files and the list of them; files of an earlier release that are not among them go.
    /// - Parameter files: contents by path below the prefix.
    /// - Throws: `FileError` where the prefix cannot be written to, `CommandFailure` where a file is another program's.
    func install(_ files: [String: String]) throws {
        let before = Set(try listed())
        let manager = FileManager.default
        for path in files.keys.sorted() where !before.contains(path) && manager.fileExists(atPath: absolute(path)) {
            throw CommandFailure(
                CommandFailure.cannotCreate,
                "\(absolute(path)) was not put there by `colonnade shell install`; move it away or choose another --prefix")
        }
        // The list first: whatever is written is found by `uninstall`, even where the rest fails.
        try write(before.union(files.keys).sorted().joined(separator: "\n") + "\n", to: Self.list)
        for (path, content) in files.sorted(by: { $0.key < $1.key }) { try write(content, to: path) }
        for path in before.subtracting(files.keys) {
            try? manager.removeItem(atPath: absolute(path))
            removeEmptyDirectories(above: path)
        }
        try write(files.keys.sorted().joined(separator: "\n") + "\n", to: Self.list)
    }

    /// Removes what the list has, and directories that are empty then.
    /// - Returns: the paths that were removed.
    func uninstall() throws -> [String] {
        let manager = FileManager.default
        let paths = try listed()
        guard !paths.isEmpty else {
            throw CommandFailure(CommandFailure.noInput, "nothing of colonnade is installed below \(prefix); name its --prefix")
        }
        let present = paths.filter { manager.fileExists(atPath: absolute($0)) }
        for path in present { try manager.removeItem(atPath: absolute(path)) }
        try manager.removeItem(atPath: absolute(Self.list))
        for path in paths + [Self.list] { removeEmptyDirectories(above: path) }
        return present.map(absolute)
    }

    func absolute(_ path: String) -> String { "\(prefix)/\(path)" }

    /// Paths of an earlier installation. A list that was changed by hand names nothing outside of the prefix.
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
                CommandFailure.cannotCreate, "\(directory) cannot be made: \(error.localizedDescription); choose another --prefix")
        }
        try DurableFile.write([UInt8](content.utf8), to: target)
    }

    private func removeEmptyDirectories(above path: String) {
        var directory = (path as NSString).deletingLastPathComponent
        // rmdir leaves a directory that holds anything.
        while directory.contains("/"), rmdir(absolute(directory)) == 0 {
            directory = (directory as NSString).deletingLastPathComponent
        }
    }
}
