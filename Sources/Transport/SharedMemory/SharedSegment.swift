import CLinux
import Glibc
import Security
public import Tensors

/// Memory that a store shares with workers on its machine, who see it through a `SegmentWindow`. It is an anonymous file, which disappears with
/// the last process that maps it, and has no name that others could open.
public final class SharedSegment: @unchecked Sendable {
    public let buffer: TensorBuffer
    public let descriptor: Int32
    /// The segment's first eight bytes, by which a window detects a wrong one.
    public let nonce = UInt64.random(in: 1...UInt64.max)
    /// Bytes at the beginning that are kept for the nonce.
    public static let reserved = 4096

    /// Creates a segment of zeroed memory.
    /// - Throws: `WireError` if the system provides no memory or descriptor.
    public init(byteCount: Int) throws {
        descriptor = memfd_create("colonnade-store", colonnade_memfd_cloexec)
        guard descriptor >= 0, byteCount >= 8, fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, byteCount) == 0 else {
            let reason = String(cString: strerror(descriptor >= 0 && byteCount < 8 ? EINVAL : errno))
            if descriptor >= 0 { close(descriptor) }
            throw WireError(.system, "cannot create \(byteCount) bytes of shared memory: \(reason)")
        }
        guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            let reason = String(cString: strerror(errno))
            // An object that is not complete has no `deinit`.
            close(descriptor)
            throw WireError(.system, "cannot map shared memory: \(reason)")
        }
        madvise(address, byteCount, MADV_HUGEPAGE)
        let bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
        buffer = TensorBuffer(viewing: bytes, owner: Mapping(bytes))
        bytes.storeBytes(of: nonce, as: UInt64.self)
    }

    deinit { close(descriptor) }
}

/// Mapped memory, unmapped when its last buffer is freed.
final class Mapping: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
    deinit { munmap(bytes.baseAddress!, bytes.count) }
}
