import COpenSSL
import Glibc

/// The settings of one role's TLS connections: certificate, key, authority and revocation list.
final class TLSContext: @unchecked Sendable {
    /// Bytes read ahead per system call: four records save most of the calls, and a pending connection takes little memory.
    private static let readBufferSize = 64 << 10

    private let pointer: OpaquePointer

    /// - Throws: `WireError` that names the unusable file and the remedy.
    init(_ files: TLSFiles) throws {
        // OpenSSL writes to sockets without MSG_NOSIGNAL, and a disconnected peer must not end the process.
        signal(SIGPIPE, SIG_IGN)
        pointer = try OpenSSLError.check(SSL_CTX_new(TLS_method()), "set up TLS")
        try OpenSSLError.check(colonnade_ssl_only_version(pointer, TLS1_3_VERSION), "ask for TLS 1.3")
        // AES-128-GCM is the fastest on processors with AES instructions, ChaCha20 on others.
        try OpenSSLError.check(
            SSL_CTX_set_ciphersuites(pointer, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"),
            "choose ciphers")
        try OpenSSLError.check(colonnade_ssl_groups(pointer, "X25519:P-256"), "choose groups")
        colonnade_ssl_set_mode(pointer)
        colonnade_ssl_no_shortcuts(pointer)
        colonnade_ssl_read_ahead(pointer, Self.readBufferSize)

        let certificate = try Certificate(pem: files.certificate.bytes, source: files.certificate.path)
        guard let role = certificate.role, role == files.role else {
            throw WireError(
                .file,
                "\(files.certificate.path) is not a \(files.role.rawValue)'s certificate; issue one with "
                    + "`colonnade certificates issue DIR --role \(files.role.rawValue)`")
        }
        let key = try PrivateKey(pem: files.key.bytes, source: files.key.path)
        let authority = try Certificate(pem: files.authority.bytes, source: files.authority.path)
        let revoked = try RevocationList(pem: files.revoked.bytes, source: files.revoked.path)
        guard certificate.use({ SSL_CTX_use_certificate(pointer, $0) }) == 1,
            key.use({ SSL_CTX_use_PrivateKey(pointer, $0) }) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else {
            _ = OpenSSLError.take()
            throw WireError(.file, "\(files.key.path) is not the key of \(files.certificate.path); copy both from the same directory")
        }
        let store = try OpenSSLError.check(SSL_CTX_get_cert_store(pointer), "set up TLS")
        try OpenSSLError.check(authority.use { X509_STORE_add_cert(store, $0) }, "trust \(files.authority.path)")
        try OpenSSLError.check(revoked.use { X509_STORE_add_crl(store, $0) }, "use \(files.revoked.path)")
        try OpenSSLError.check(X509_STORE_set_flags(store, colonnade_x509_crl_check), "check revoked certificates")
        SSL_CTX_set_verify(pointer, colonnade_ssl_verify_both, nil)
        // The authority signs the roles' certificates directly, without intermediate authorities.
        SSL_CTX_set_verify_depth(pointer, 1)
    }

    deinit { SSL_CTX_free(pointer) }

    /// Creates one connection's TLS state, which keeps its own reference to the context. The caller frees it.
    func session() throws -> OpaquePointer {
        try withExtendedLifetime(self) { try OpenSSLError.check(SSL_new(pointer), "start TLS") }
    }
}
