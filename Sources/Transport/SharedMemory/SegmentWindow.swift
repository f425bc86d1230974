import CLinux
import Glibc
import Security
public import Tensors

/// A range of addresses in which one segment of another process is seen after another. Kernels are planned on addresses, which stay, while the
/// memory behind them changes with the attempt.
///
/// Before a segment is shown there is private memory in the range: planning a kernel writes zeros into the padding of its tensors.
public final class SegmentWindow: @unchecked Sendable {
    public enum Access: Sendable { case read, write }

    public let buffer: TensorBuffer
    private let access: Access
    private let reservation: Mapping
    /// The nonce of the segment that is shown; 0 before there is one.
    private var shown: UInt64 = 0
    /// The distance of the addresses at which the system has huge pages.
    private static let alignment = 2 << 20

    /// Reserves the addresses. The memory behind them is provided as it is written.
    /// - Throws: `WireError` if the system has no such range.
    public init(byteCount: Int, access: Access) throws {
        self.access = access
        guard byteCount > 0, byteCount <= 1 << 46 else { throw WireError(.malformed, "a segment of \(byteCount) bytes cannot be mapped") }
        let length = byteCount + Self.alignment
        guard let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            address != MAP_FAILED
        else { throw WireError(.system, "cannot reserve \(byteCount) bytes of addresses: \(String(cString: strerror(errno)))") }
        reservation = Mapping(UnsafeMutableRawBufferPointer(start: address, count: length))
        let start = address.alignedUp(toMultipleOf: Self.alignment)
        buffer = TensorBuffer(viewing: UnsafeMutableRawBufferPointer(start: start, count: byteCount), owner: reservation)
    }

    /// Shows a segment of another process of this user on this machine, in place of what was shown. Nobody may use the memory meanwhile. A
    /// segment that is shown already stays as it is.
    /// - Parameters:
    ///   - descriptor: The segment's descriptor in that process.
    ///   - offset: Where the segment begins in a larger file; nil for a file that is the segment.
    ///   - nonce: The expected first eight bytes of the segment.
    /// - Throws: `WireError` if the segment cannot be opened, or has another size or nonce. The window shows what it did before, unless the
    ///   system could not map the segment.
    public func show(ofProcess process: Int32, descriptor: Int32, offset: Int? = nil, nonce: UInt64) throws {
        guard nonce != shown else { return }
        let file = open("/proc/\(process)/fd/\(descriptor)", (access == .write ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        guard file >= 0 else { throw WireError(.system, "cannot open the store's memory: \(String(cString: strerror(errno)))") }
        // The mapping keeps the memory.
        defer { close(file) }
        let byteCount = buffer.bytes.count
        var status = stat()
        let start = offset ?? 0
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, start >= 0, start % 4096 == 0, byteCount <= status.st_size,
            offset == nil ? status.st_size == byteCount : start <= status.st_size - byteCount
        else {
            throw WireError(.system, "the size of the store's memory differs from the announced one")
        }
        var found: UInt64 = 0
        guard pread(file, &found, 8, start) == 8, found == nonce else {
            throw WireError(.system, "the shared memory does not belong to the store")
        }
        let protection = access == .write ? PROT_READ | PROT_WRITE : PROT_READ
        let address = mmap(buffer.address, byteCount, protection, MAP_SHARED | MAP_FIXED, file, start)
        guard address != MAP_FAILED else { throw WireError(.system, "cannot map shared memory: \(String(cString: strerror(errno)))") }
        madvise(buffer.address, byteCount, MADV_HUGEPAGE)
        shown = nonce
    }
}
