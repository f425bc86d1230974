import Glibc

/// Memory for a tensor: zeroed, aligned to a page, returned to the system when the last reference goes.
///
/// It is `Sendable` because it is only an address and a length: who may write to it, and when, is the matter of the
/// program that is being executed (see docs/architecture.md, "Who owns a buffer").
public final class TensorBuffer: @unchecked Sendable {
    public let bytes: UnsafeMutableRawBufferPointer
    private let owner: AnyObject?
    private let isMapped: Bool

    /// Zeroed memory of a size that a configuration, a file or a peer has stated: what the system refuses is an error that
    /// says so.
    public static func allocate(byteCount: Int) throws(MemoryError) -> TensorBuffer { TensorBuffer(mapped: try map(byteCount)) }

    public static func allocate(floats count: Int) throws(MemoryError) -> TensorBuffer { try allocate(byteCount: count * 4) }

    /// Zeroed memory of a size that the program itself chooses, and that is never much.
    public convenience init(byteCount: Int) {
        do throws(MemoryError) {
            self.init(mapped: try Self.map(byteCount))
        } catch {
            preconditionFailure(error.description)
        }
    }

    private init(mapped bytes: UnsafeMutableRawBufferPointer) {
        self.bytes = bytes
        owner = nil
        isMapped = true
    }

    /// Large buffers ask for huge pages.
    private static func map(_ byteCount: Int) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
        let length = max(byteCount, 64)
        guard let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED
        else { throw MemoryError(byteCount: length, code: errno) }
        if length >= 4 << 20 { madvise(address, length, MADV_HUGEPAGE) }
        return UnsafeMutableRawBufferPointer(start: address, count: length)
    }

    /// A view of memory that `owner` keeps alive.
    public init(viewing bytes: UnsafeMutableRawBufferPointer, owner: AnyObject) {
        self.bytes = bytes
        self.owner = owner
        isMapped = false
    }

    public convenience init(floats count: Int) { self.init(byteCount: count * 4) }

    deinit { if isMapped { munmap(bytes.baseAddress!, bytes.count) } }

    public var address: UnsafeMutableRawPointer { bytes.baseAddress! }

    /// The memory as 32-bit floats.
    public var floats: UnsafeMutableBufferPointer<Float> { bytes.bindMemory(to: Float.self) }

    /// The memory as 16-bit floats' bits.
    public var halves: UnsafeMutablePointer<UInt16> { bytes.bindMemory(to: UInt16.self).baseAddress! }

    /// Has the system provide every page now rather than when each is first written.
    public func prefault() {
        // MADV_POPULATE_WRITE; a kernel before 5.14 refuses it, and pages come as they are touched.
        madvise(bytes.baseAddress, bytes.count, 23)
    }

    /// A part of this buffer that keeps the whole alive.
    public func slice(offset: Int, byteCount: Int) -> TensorBuffer {
        precondition(offset >= 0 && byteCount >= 0 && offset + byteCount <= bytes.count)
        return TensorBuffer(
            viewing: UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + byteCount]), owner: self)
    }
}
