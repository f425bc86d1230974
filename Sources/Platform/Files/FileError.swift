public import Glibc

/// A failed file system call or an unusable file, described in a sentence.
public struct FileError: Error, CustomStringConvertible, Sendable {
    public let path: String
    public let code: Int32
    public let description: String

    public init(_ path: String, _ action: String, code: Int32 = errno) {
        self.path = path
        self.code = code
        let remedy =
            switch code {
            case ENOSPC: "; free some space there or choose another directory"
            case EACCES, EPERM, EROFS: "; choose a directory that this user may write to"
            default: ""
            }
        description = "\(path): cannot \(action): \(String(cString: strerror(code)))\(remedy)"
    }

    /// Creates an error about a file whose content or kind is wrong.
    public init(_ path: String, reason: String) {
        (self.path, code, description) = (path, EINVAL, "\(path): \(reason)")
    }
}
