import Foundation
import Glibc
import TestSupport

/// An ext4 file system in a file, which becomes read-only when it is failed, and answers no write while it is frozen. Only root can mount
/// one.
final class FailingDisk {
    let path: String
    /// The file in which the kernel takes orders to report an error of this file system.
    private let trigger: String

    /// Returns nil if this machine does not let anybody mount one or fail it.
    init?(image: String, at path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: image, contents: nil), truncate(image, 64 << 20) == 0,
            try Self.run("mkfs.ext4", "-q", "-F", image),
            try Self.run("mount", "-o", "loop,errors=remount-ro", image, path)
        else { return nil }
        let device = try Program.run(["findmnt", "-no", "SOURCE", path]).output.trimmingCharacters(in: .whitespacesAndNewlines)
        trigger = "/sys/fs/ext4/\((device as NSString).lastPathComponent)/trigger_fs_error"
        // Never the machine's own disk.
        guard device.hasPrefix("/dev/loop"), FileManager.default.isWritableFile(atPath: trigger) else {
            unmount()
            return nil
        }
    }

    func fail() throws {
        guard let file = FileHandle(forWritingAtPath: trigger) else { throw CocoaError(.fileWriteUnknown) }
        try file.write(contentsOf: Data("1".utf8))
        try file.close()
    }

    /// Holds up every write until `thaw`.
    /// - Returns: False if this machine freezes no file system.
    func freeze() throws -> Bool { try Self.run("fsfreeze", "-f", path) }

    func thaw() { _ = try? Self.run("fsfreeze", "-u", path) }

    func unmount() { _ = try? Self.run("umount", "-l", path) }

    private static func run(_ words: String...) throws -> Bool { try Program.run(words).code == 0 }
}
