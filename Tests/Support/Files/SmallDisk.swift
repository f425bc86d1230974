import Foundation
import Glibc

/// A small file system in memory that a test fills and frees. Only root can mount one.
package final class SmallDisk {
    private let folder: Scratch
    package let path: String
    private var filler: String { path + "/filler" }

    /// Returns nil if this machine lets nobody mount.
    package init?(kilobytes: Int) throws {
        folder = try Scratch()
        path = folder("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try Program.run(["/bin/mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path]).code == 0 else { return nil }
    }

    /// Ends the file system. It is there until then, as long as a test says so in a `defer`.
    package func unmount() { _ = try? Program.run(["/bin/umount", "-l", path]) }

    /// Takes all the room that is left.
    package func fill() throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        for size in [1 << 20, 1 << 12, 1] {
            let block = [UInt8](repeating: 1, count: size)
            while block.withUnsafeBytes({ write(descriptor, $0.baseAddress, size) }) > 0 {}
        }
    }

    /// Changes the disk's size.
    package func resize(kilobytes: Int) throws {
        try Program.run(["/bin/mount", "-o", "remount,size=\(kilobytes)k", path])
    }

    /// Gives the room back.
    package func free() throws { try FileManager.default.removeItem(atPath: filler) }
}
