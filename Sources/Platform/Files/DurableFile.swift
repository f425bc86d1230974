import Foundation
public import Glibc

/// A file that appears under its name only when it is complete and flushed to disk.
public struct DurableFile {
    let descriptor: Int32
    let path: String

    /// Writes a temporary file beside `path`, flushes it to disk and renames it. On failure nothing is left behind.
    /// - Throws: `FileError`, and whatever `body` throws.
    public static func write(to path: String, mode: mode_t = 0o644, _ body: (DurableFile) throws -> Void) throws {
        let temporary = "\(path).\(getpid()).partial"
        // An existing file was left by a killed process with this process ID, or planted by someone else; never write to it.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        do {
            do {
                defer { close(descriptor) }
                try body(DurableFile(descriptor: descriptor, path: path))
                guard fsync(descriptor) == 0 else { throw FileError(path, "flush it to the disk") }
            }
            guard rename(temporary, path) == 0 else { throw FileError(path, "put it in place") }
        } catch {
            unlink(temporary)
            throw error
        }
        try syncDirectory((path as NSString).deletingLastPathComponent)
    }

    public static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        try write(to: path, mode: mode) { file in try bytes.withUnsafeBytes { try file.append($0) } }
    }

    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw FileError(path, "write to it")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Flushes a directory to disk, which makes renames inside it durable.
    public static func syncDirectory(_ path: String) throws {
        let descriptor = open(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path, "open the directory") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(path, "flush the directory to the disk") }
    }
}
