import Glibc
import Platform

/// A file that is written sequentially with large buffered writes. Its header may be filled in last.
final class OutputFile {
    private static let capacity = 1 << 20

    private let path: String
    private var descriptor: Int32
    private var pending: [UInt8] = []
    /// The number of bytes appended so far.
    private(set) var size = 0

    /// - Parameter keeping: the bytes to keep of an existing file; nil creates a file, which must not exist.
    init(path: String, keeping: Int? = nil) throws {
        descriptor = open(path, O_WRONLY | O_CLOEXEC | (keeping == nil ? O_CREAT | O_EXCL : 0), 0o644)
        guard descriptor >= 0 else { throw FileError(path, keeping == nil ? "create it" : "continue it") }
        self.path = path
        if let keeping {
            guard ftruncate(descriptor, keeping) == 0, lseek(descriptor, 0, SEEK_END) == keeping else {
                throw FileError(path, "continue it")
            }
            size = keeping
        }
        pending.reserveCapacity(Self.capacity)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        size += bytes.count
        if pending.count + bytes.count > Self.capacity { try flush() }
        if bytes.count >= Self.capacity {
            try write(bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Writes pending bytes and waits until the file is on disk.
    func sync() throws {
        try flush()
        guard fdatasync(descriptor) == 0 else { throw FileError(path, "flush it to the disk") }
    }

    /// Writes pending bytes and the header, waits until the file is on disk, and closes it.
    func finish(header: [UInt8] = []) throws {
        try flush()
        let written = header.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard written == header.count else { throw FileError(path, "write its header") }
        guard fsync(descriptor) == 0 else { throw FileError(path, "flush it to the disk") }
        close(descriptor)
        descriptor = -1
    }

    private func flush() throws {
        try pending.withUnsafeBytes { try write($0) }
        pending.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw FileError(path, "write to it")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}
