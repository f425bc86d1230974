import CLinux
import Glibc
import Security
public import Tensors

/// Memory that a store shares with the workers on its machine. It is an anonymous file, which disappears with the last
/// process that maps it, and has no name that others could open.
public final class SharedSegment: @unchecked Sendable {
    public let buffer: TensorBuffer
    public let descriptor: Int32
    private let mapping: UnsafeMutableRawBufferPointer

    /// Creates a segment of zeroed memory.
    /// - Throws: `WireError` if the system provides no memory or descriptor.
    public init(byteCount: Int) throws {
        descriptor = memfd_create("colonnade-store", colonnade_memfd_cloexec)
        guard descriptor >= 0, fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, byteCount) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw WireError(.system, "cannot create \(byteCount) bytes of shared memory: \(reason)")
        }
        mapping = try Self.map(descriptor, byteCount)
        buffer = TensorBuffer(viewing: mapping, owner: Mapping(mapping))
    }

    /// Maps the segment of another process of this user on this machine.
    /// - Parameters:
    ///   - descriptor: the segment's descriptor in that process.
    ///   - nonce: the expected first eight bytes of the segment.
    /// - Throws: `WireError` if the segment cannot be opened, or has another size or nonce.
    public init(ofProcess process: Int32, descriptor: Int32, byteCount: Int, nonce: UInt64) throws {
        let path = "/proc/\(process)/fd/\(descriptor)"
        self.descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw WireError(.system, "cannot open the store's memory: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(self.descriptor, &status) == 0, status.st_size == byteCount, byteCount >= 64 else {
            close(self.descriptor)
            throw WireError(.system, "the size of the store's memory differs from the announced one")
        }
        mapping = try Self.map(self.descriptor, byteCount)
        buffer = TensorBuffer(viewing: mapping, owner: Mapping(mapping))
        guard buffer.bytes.load(as: UInt64.self) == nonce else {
            throw WireError(.system, "the shared memory does not belong to the store")
        }
    }

    deinit { close(descriptor) }

    /// Maps a descriptor, or closes it if that fails: an object that is not complete has no `deinit`.
    private static func map(_ descriptor: Int32, _ byteCount: Int) throws -> UnsafeMutableRawBufferPointer {
        guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            address != MAP_FAILED
        else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw WireError(.system, "cannot map shared memory: \(reason)")
        }
        madvise(address, byteCount, MADV_HUGEPAGE)
        return UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }

    /// Unmaps the segment when its last buffer is freed.
    private final class Mapping: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
        init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
        deinit { munmap(bytes.baseAddress!, bytes.count) }
    }
}
