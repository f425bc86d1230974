import COpenSSL

/// A private key on the curve P-256; owns its OpenSSL handle.
final class PrivateKey: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Creates a new key.
    init() throws { pointer = try OpenSSLError.check(colonnade_new_key(), "create a key") }

    /// - Parameter source: the file's name, for the error.
    init(pem: [UInt8], source: String) throws {
        let found = PEMBuffer(copying: pem).use { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in 0 }, nil) }
        guard let found else {
            _ = OpenSSLError.take()
            throw WireError(.file, "\(source) does not contain a private key without a pass phrase; issue the certificate again")
        }
        pointer = found
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Calls `body` with the handle, which is valid only during the call.
    func use<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    func pem() throws -> [UInt8] {
        let bio = try PEMBuffer()
        try OpenSSLError.check(bio.use { PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) }, "write a key")
        return bio.bytes
    }
}
