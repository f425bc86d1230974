import Foundation
import TestSupport

/// A folder that a file system in user space (bindfs) shows at another path. Two of them are as on two hosts: a lock on a file in one of
/// them says nothing in the other.
final class MirroredFolder {
    let path: String

    /// - Returns: nil if there is no bindfs here, or this system lets nobody mount.
    init?(of source: String, at path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try Program.run(["bindfs", source, path]).code == 0 else { return nil }
        self.path = path
    }

    /// Processes that still use it keep it until they end.
    func remove() {
        if (try? Program.run(["umount", "--lazy", path]).code) != 0 { _ = try? Program.run(["fusermount", "-u", "-z", path]) }
    }
}
