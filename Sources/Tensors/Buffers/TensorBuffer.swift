import Glibc

/// Memory for a tensor: zeroed, page-aligned, and returned to the system with the last reference.
///
/// It is `Sendable` because it is only an address and a length. The program being executed decides who may write to it, and when
/// (see docs/architecture.md, "Who owns a buffer").
public final class TensorBuffer: @unchecked Sendable {
    public let bytes: UnsafeMutableRawBufferPointer
    private let owner: AnyObject?
    private let isMapped: Bool

    /// Allocates zeroed memory. Use it for sizes from a configuration, a file or a peer, which may be too large.
    /// - Throws: `MemoryError` if the system has too little memory.
    public static func allocate(byteCount: Int) throws(MemoryError) -> TensorBuffer { TensorBuffer(mapped: try map(byteCount)) }

    public static func allocate(floats count: Int) throws(MemoryError) -> TensorBuffer { try allocate(byteCount: count * 4) }

    /// Allocates zeroed memory of a small size that the program itself chooses; ends the process if there is none.
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

    private static func map(_ byteCount: Int) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
        let length = max(byteCount, 64)
        guard let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED
        else { throw MemoryError(byteCount: length, code: errno) }
        if length >= 4 << 20 { madvise(address, length, MADV_HUGEPAGE) }
        return UnsafeMutableRawBufferPointer(start: address, count: length)
    }

    /// Creates a view of memory that `owner` keeps alive.
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

    /// The memory as the bits of 16-bit floats.
    public var halves: UnsafeMutablePointer<UInt16> { bytes.bindMemory(to: UInt16.self).baseAddress! }

    /// Makes the system provide every page now instead of at the first write.
    public func prefault() {
        // MADV_POPULATE_WRITE. Linux before 5.14 rejects it; pages are then provided at the first write.
        madvise(bytes.baseAddress, bytes.count, 23)
    }

    /// Returns a view of a part of this buffer; the view keeps the whole buffer alive.
    public func slice(offset: Int, byteCount: Int) -> TensorBuffer {
        precondition(offset >= 0 && byteCount >= 0 && offset + byteCount <= bytes.count)
        return TensorBuffer(
            viewing: UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + byteCount]), owner: self)
    }
}
