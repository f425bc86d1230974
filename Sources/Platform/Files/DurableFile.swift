import Foundation
public import Glibc

/// A file that appears under its name only when it is complete and flushed to disk. Where there is one of that name, a reader finds the old one or
/// the new one, whole, at every moment, and after a crash at any.
public struct DurableFile {
    let descriptor: Int32
    let path: String
    private let calls: any FileCalls

    /// Writes a temporary file beside `path`, flushes it to disk and renames it. On failure nothing is left behind.
    /// - Throws: `FileError`, and whatever `body` throws.
    public static func write(to path: String, mode: mode_t = 0o644, _ body: (DurableFile) throws -> Void) throws {
        try write(to: path, mode: mode, calls: SystemFileCalls(), body)
    }

    public static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        try write(bytes, to: path, mode: mode, calls: SystemFileCalls())
    }

    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644, calls: any FileCalls) throws {
        try write(to: path, mode: mode, calls: calls) { file in try bytes.withUnsafeBytes { try file.append($0) } }
    }

    private static func write(to path: String, mode: mode_t, calls: any FileCalls, _ body: (DurableFile) throws -> Void) throws {
        let temporary = "\(path).\(getpid()).partial"
        // An existing file was left by a killed process with this process ID, or planted by someone else; never write to it.
        try? calls.remove(temporary)
        let descriptor = try FileError.at(path, "create it") { () throws(FileCallError) in try calls.create(temporary, mode: mode) }
        do {
            do {
                defer { calls.close(descriptor) }
                try body(DurableFile(descriptor: descriptor, path: path, calls: calls))
                try FileError.at(path, "flush it to the disk") { () throws(FileCallError) in try calls.sync(descriptor) }
            }
            try FileError.at(path, "put it in place") { () throws(FileCallError) in try calls.rename(temporary, to: path) }
        } catch {
            try? calls.remove(temporary)
            throw error
        }
        try syncDirectory((path as NSString).deletingLastPathComponent, calls: calls)
    }

    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest[..<min(rest.count, 1 << 30)])
            let written = try FileError.at(path, "write to it") { () throws(FileCallError) in try calls.write(descriptor, part) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Flushes a directory to disk, which makes renames inside it durable. Some file systems cannot, and are as durable as they are.
    public static func syncDirectory(_ path: String) throws { try syncDirectory(path, calls: SystemFileCalls()) }

    package static func syncDirectory(_ path: String, calls: any FileCalls) throws {
        let descriptor = try FileError.at(path, "open the directory") { () throws(FileCallError) in
            try calls.openDirectory(path.isEmpty ? "." : path)
        }
        defer { calls.close(descriptor) }
        do throws(FileCallError) { try calls.sync(descriptor) } catch {
            guard error.isUnsupported else { throw FileError(path, "flush the directory to the disk", code: error.code) }
        }
    }
}

extension FileError {
    /// Does a system call, and describes its failure.
    static func at<Result>(_ path: String, _ action: String, _ call: () throws(FileCallError) -> Result) throws(FileError) -> Result {
        do throws(FileCallError) { return try call() } catch { throw FileError(path, action, code: error.code) }
    }
}
