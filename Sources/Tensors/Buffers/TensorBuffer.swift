import Glibc

/// Memory for a tensor: zeroed, aligned to a page, returned to the system when the last reference goes.
///
/// It is `Sendable` because it is only an address and a length: who may write to it, and when, is the matter of the
/// program that is being executed (see docs/architecture.md, "Who owns a buffer").
public final class TensorBuffer: @unchecked Sendable {
    public let bytes: UnsafeMutableRawBufferPointer
    private let owner: AnyObject?
    private let isMapped: Bool

    /// Allocates zeroed memory. Large buffers ask for huge pages.
    public init(byteCount: Int) {
        let length = max(byteCount, 64)
        let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(address != MAP_FAILED, "out of memory: \(length) bytes for a tensor")
        if length >= 4 << 20 { madvise(address, length, MADV_HUGEPAGE) }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: length)
        owner = nil
        isMapped = true
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
