import CLinux
import Glibc
import Security
public import Tensors

/// An anonymous file in memory whose content outlives the process that writes it, as long as somebody holds its descriptor: a supervisor that
/// passes it to the next process, or a process that maps it. It has no name that others could open.
public final class MemoryFile: @unchecked Sendable {
    public let descriptor: Int32

    /// Opens a file that this process was given, or creates one.
    /// - Parameter inherited: A descriptor that this object owns from now on; nil creates a file.
    /// - Throws: `WireError` if it is no file in memory, or the system has no descriptor left.
    public init(inherited: Int32? = nil) throws {
        guard let inherited else {
            descriptor = memfd_create("colonnade-shard", colonnade_memfd_cloexec)
            guard descriptor >= 0, fchmod(descriptor, 0o600) == 0 else {
                let reason = String(cString: strerror(errno))
                if descriptor >= 0 { close(descriptor) }
                throw WireError(.system, "cannot create a file in memory: \(reason)")
            }
            return
        }
        var status = stat()
        guard fstat(inherited, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 0,
            fcntl(inherited, F_SETFD, FD_CLOEXEC) == 0
        else { throw WireError(.system, "descriptor \(inherited) is no file in memory") }
        descriptor = inherited
    }

    deinit { close(descriptor) }

    /// The file's size in bytes.
    public var byteCount: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Makes the file at least so large. New bytes are zero.
    public func grow(to byteCount: Int) throws {
        guard byteCount > self.byteCount else { return }
        guard ftruncate(descriptor, byteCount) == 0 else {
            throw WireError(.system, "cannot get \(byteCount) bytes of memory: \(String(cString: strerror(errno)))")
        }
    }

    /// Maps a part of the file. The mapping ends with the last reference to the buffer.
    /// - Parameter offset: A multiple of the page size.
    /// - Throws: `WireError` if the part is not within the file, or the system has too little memory.
    public func map(offset: Int, byteCount: Int) throws -> TensorBuffer {
        guard offset >= 0, byteCount > 0, offset <= self.byteCount - byteCount,
            let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset), address != MAP_FAILED
        else { throw WireError(.system, "cannot map \(byteCount) bytes of a file in memory: \(String(cString: strerror(errno)))") }
        madvise(address, byteCount, MADV_HUGEPAGE)
        let bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
        return TensorBuffer(viewing: bytes, owner: Mapping(bytes))
    }

    /// Gives the memory of a part back to the system. The part reads as zeros from then on.
    public func discard(offset: Int, byteCount: Int) {
        _ = fallocate(descriptor, colonnade_punch_hole, offset, byteCount)
    }

    private final class Mapping: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
        init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
        deinit { munmap(bytes.baseAddress!, bytes.count) }
    }
}

/// A number in memory that another process may read after this one was killed. Writes to it and to the memory before it are seen in their
/// order.
public struct SharedNumber: @unchecked Sendable {
    private let address: UnsafeMutablePointer<UInt64>

    /// - Parameter offset: In bytes; a multiple of 8.
    public init(_ buffer: TensorBuffer, offset: Int) {
        precondition(offset >= 0 && offset % 8 == 0 && offset + 8 <= buffer.bytes.count)
        address = (buffer.address + offset).assumingMemoryBound(to: UInt64.self)
    }

    public var value: UInt64 {
        get { colonnade_load(address) }
        nonmutating set { colonnade_store(address, newValue) }
    }
}
