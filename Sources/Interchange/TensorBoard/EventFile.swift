import Foundation
import Glibc
import SwiftProtobuf
import Tensors

/// An event file in a directory that TensorBoard reads. Records are gathered and written by `flush`, whole ones only, so
/// that a reader who follows the file is never kept waiting by half of one.
public final class EventFile {
    /// What files of this program end with.
    private static let suffix = ".colonnade"
    /// Bytes of records that are gathered before they are written unasked.
    private static let batch = 1 << 20

    public let path: String
    private let handle: FileHandle
    private var gathered: [UInt8] = []

    /// Makes the directory and a new file in it. Files of earlier conversions are emptied, or removed where they are empty
    /// already; files of other programs stay.
    /// - Throws: `FileError` where the directory cannot be made or written to.
    public init(directory: String, wallTime: Double) throws {
        let manager = FileManager.default
        do { try manager.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
            throw FileError(directory, "make the directory")
        }
        let old = try manager.contentsOfDirectory(atPath: directory).filter { $0.contains("tfevents") && $0.hasSuffix(Self.suffix) }
        for name in old { try Self.retire("\(directory)/\(name)") }
        // TensorBoard reads files in the order of their names.
        path = "\(directory)/events.out.tfevents.\(Int(wallTime)).\(getpid())\(Self.suffix)"
        // At the end, wherever that is: another conversion may have emptied the file.
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try append(.with { ($0.wallTime, $0.fileVersion) = (wallTime, "brain.Event:2") })
    }

    /// Empties a file, or removes one that is empty. A TensorBoard that has read a file goes on with the next one only while
    /// the first is there.
    private static func retire(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let isEmpty = status.st_size == 0 || status.st_mode & S_IFMT != S_IFREG
        guard isEmpty ? unlink(path) == 0 : truncate(path, 0) == 0 else { throw FileError(path, "take it out of use") }
    }

    func append(_ event: TBEvent) throws {
        gathered += EventRecord.framed([UInt8](try event.serializedData()))
        if gathered.count > Self.batch { try flush() }
    }

    /// Hands every record so far to the system.
    /// - Throws: `FileError`, as where the disk is full.
    public func flush() throws {
        guard !gathered.isEmpty else { return }
        do { try handle.write(contentsOf: gathered) } catch { throw FileError(path, "write to it") }
        gathered.removeAll(keepingCapacity: true)
    }
}
