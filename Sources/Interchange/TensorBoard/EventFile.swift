import Foundation
import Glibc
import Platform
import SwiftProtobuf

/// An event file in a directory that TensorBoard reads.
///
/// Records are buffered, and only complete ones are written, so that a reader that follows the file never waits for the
/// rest of one.
public final class EventFile {
    /// The end of the names of this program's files.
    private static let suffix = ".colonnade"
    /// The number of buffered bytes at which they are written without a call of `flush`.
    private static let capacity = 1 << 20

    public let path: String
    private let handle: FileHandle
    private var pending: [UInt8] = []

    /// Creates the directory and a new file in it. Files of earlier conversions are emptied, or removed if they are already
    /// empty. Files of other programs are left alone.
    /// - Throws: `FileError` if the directory cannot be created or written to.
    public init(directory: String, wallTime: Double) throws {
        let manager = FileManager.default
        do { try manager.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
            throw FileError(directory, "create the directory")
        }
        let old = try manager.contentsOfDirectory(atPath: directory).filter { $0.contains("tfevents") && $0.hasSuffix(Self.suffix) }
        for name in old { try Self.retire("\(directory)/\(name)") }
        // TensorBoard reads files in the order of their names.
        path = "\(directory)/events.out.tfevents.\(Int(wallTime)).\(getpid())\(Self.suffix)"
        // Appends, because another conversion may empty the file meanwhile.
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try append(.with { ($0.wallTime, $0.fileVersion) = (wallTime, "brain.Event:2") })
    }

    /// Empties a file, or removes it if it is empty. A running TensorBoard that has read a file continues with the next one
    /// only while the first exists.
    private static func retire(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let isEmpty = status.st_size == 0 || status.st_mode & S_IFMT != S_IFREG
        guard isEmpty ? unlink(path) == 0 : truncate(path, 0) == 0 else { throw FileError(path, "take it out of use") }
    }

    func append(_ event: TBEvent) throws {
        pending += EventRecord.framed([UInt8](try event.serializedData()))
        if pending.count > Self.capacity { try flush() }
    }

    /// Writes every buffered record to the file.
    /// - Throws: `FileError`, for example if the disk is full.
    public func flush() throws {
        guard !pending.isEmpty else { return }
        do { try handle.write(contentsOf: pending) } catch { throw FileError(path, "write to it") }
        pending.removeAll(keepingCapacity: true)
    }
}
