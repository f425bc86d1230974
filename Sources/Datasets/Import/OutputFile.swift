import Glibc
import Tensors

/// A file that is written from start to end, collected into large writes, with a header that is filled in last.
final class OutputFile {
    private static let capacity = 1 << 20

    private let path: String
    private var descriptor: Int32
    private var pending: [UInt8] = []

    /// Creates a file that did not exist.
    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        self.path = path
        pending.reserveCapacity(Self.capacity)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        if pending.count + bytes.count > Self.capacity { try flush() }
        if bytes.count >= Self.capacity {
            try write(bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Writes what is pending and the header, and waits until all of it is on the disk.
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
