import COpenSSL

/// A memory buffer from which OpenSSL reads PEM, or to which it writes PEM.
final class PEMBuffer {
    private let pointer: OpaquePointer?

    init() throws {
        // PEM may contain a secret; memory of this kind is cleared when freed.
        pointer = try OpenSSLError.check(BIO_new(BIO_s_secmem()), "get memory")
    }

    init(copying bytes: [UInt8]) {
        // A copy, since the array's memory is valid only during the closure.
        pointer = BIO_new(BIO_s_secmem())
        _ = bytes.withUnsafeBytes { BIO_write(pointer, $0.baseAddress, Int32(clamping: $0.count)) }
    }

    deinit { BIO_free(pointer) }

    /// Calls `body` with the handle, which is valid only during the call.
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
