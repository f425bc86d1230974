import Foundation
import Glibc
import Platform

/// A document that is replaced as a whole: readers find the old content or the new one.
enum ReplacedFile {
    /// - Parameter isDurable: whether the new content is on the disk when the call returns, also after a crash of the machine.
    /// - Returns: the error's number if the old content is still there.
    static func write(_ content: Data, to path: String, isDurable: Bool) -> Int32? {
        if isDurable {
            do { try DurableFile.write([UInt8](content), to: path) } catch { return (error as? FileError)?.code ?? EIO }
            return nil
        }
        let temporary = "\(path).\(getpid()).partial"
        // It is this process's own from a moment ago, or was left by one that was killed.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return errno }
        var code: Int32?
        content.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count, code == nil {
                let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if written < 0, errno == EINTR { continue }
                if written > 0 { done += written } else { code = written < 0 ? errno : EIO }
            }
        }
        // A disk over the network may say only here that it is full.
        if close(descriptor) != 0, code == nil { code = errno }
        if code == nil, rename(temporary, path) != 0 { code = errno }
        if code != nil { unlink(temporary) }
        return code
    }

    /// Marks a file as written now where its content cannot be replaced, so that readers see that its writer lives.
    static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }
}
