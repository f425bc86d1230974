import COpenSSL

/// Memory that OpenSSL reads PEM from or writes it to.
final class PEMBuffer {
    private let pointer: OpaquePointer?

    init() throws {
        // A secret may pass: the memory is cleared when it is freed.
        pointer = try OpenSSLError.check(BIO_new(BIO_s_secmem()), "get memory")
    }

    init(viewing bytes: [UInt8]) {
        // An array of the caller's lies still only while it is asked; OpenSSL gets a copy of its own.
        pointer = BIO_new(BIO_s_secmem())
        _ = bytes.withUnsafeBytes { BIO_write(pointer, $0.baseAddress, Int32(clamping: $0.count)) }
    }

    deinit { BIO_free(pointer) }

    /// Calls `body` with the handle, which lives at least as long.
    func use<Result>(_ body: (OpaquePointer?) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    var bytes: [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        let count = colonnade_bio_bytes(pointer, &start)
        guard let start, count > 0 else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}
