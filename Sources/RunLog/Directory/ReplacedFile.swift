import Foundation
import Glibc
import Platform

/// A document that is replaced as a whole: readers find the old content or the new one.
enum ReplacedFile {
    /// - Parameters:
    ///   - temporary: the name under which the new content is written, which no other process uses.
    ///   - isDurable: whether the new content is on the disk when the call returns, also after a crash of the machine.
    ///   - confirm: is called before anything is written, and again last: a process that is stopped before that renames nothing later.
    /// - Throws: `FileError`, and whatever `confirm` throws.
    static func write(_ content: Data, to path: String, temporary: String, isDurable: Bool, confirm: () throws -> Void) throws {
        try confirm()
        // It was left by a write of this process that failed.
        unlink(temporary)
        do {
            try create(temporary, content, isDurable: isDurable)
            try confirm()
            guard rename(temporary, path) == 0 else { throw FileError(path, "put it in place") }
        } catch {
            unlink(temporary)
            throw error
        }
        if isDurable { try DurableFile.syncDirectory((path as NSString).deletingLastPathComponent) }
    }

    private static func create(_ path: String, _ content: Data, isDurable: Bool) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        var code: Int32 = 0
        content.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count, code == 0 {
                let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if written < 0, errno == EINTR { continue }
                if written > 0 { done += written } else { code = written < 0 ? errno : EIO }
            }
        }
        if code == 0, isDurable, fsync(descriptor) != 0 { code = errno }
        // A disk over the network may say only here that it is full.
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else { throw FileError(path, "write to it", code: code) }
    }

    /// Marks a file as written now where its content cannot be replaced, so that readers see that its writer lives.
    static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }
}
