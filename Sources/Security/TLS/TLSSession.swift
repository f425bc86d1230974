import COpenSSL
import Glibc

/// The result of reading from or writing to a nonblocking connection.
package enum Transfer {
    case moved(Int)
    /// Try again when the socket is readable.
    case wantsRead
    /// Try again when the socket is writable.
    case wantsWrite
    /// The peer closed the connection properly.
    case ended
}

/// One TLS connection over a nonblocking socket. Used by one thread at a time: the connecting one, then the loop's.
package final class TLSSession: @unchecked Sendable {
    /// The most payload bytes that one TLS record holds.
    package static let recordCount = 16384
    private let pointer: OpaquePointer
    /// OpenSSL forbids a shutdown after a fatal error.
    private var isBroken = false

    /// - Parameter descriptor: the connected socket; the caller keeps ownership and closes it.
    init(_ context: TLSContext, descriptor: Int32, isListener: Bool) throws {
        pointer = try context.session()
        try OpenSSLError.check(SSL_set_fd(pointer, descriptor), "start TLS")
        if isListener { SSL_set_accept_state(pointer) } else { SSL_set_connect_state(pointer) }
    }

    deinit { SSL_free(pointer) }

    /// Continues the handshake; returns `moved` when it is complete and the peer's chain is verified.
    package func handshake() throws -> Transfer {
        ERR_clear_error()
        return try check(SSL_do_handshake(pointer), moved: 1)
    }

    /// Decrypts into memory.
    package func read(into memory: UnsafeMutableRawBufferPointer) throws -> Transfer {
        ERR_clear_error()
        var count = 0
        return try check(SSL_read_ex(pointer, memory.baseAddress, memory.count, &count), moved: count)
    }

    /// Encrypts from memory, at most one record. The next call must begin with the first byte that was not moved.
    package func write(_ memory: UnsafeRawBufferPointer) throws -> Transfer {
        ERR_clear_error()
        var count = 0
        return try check(SSL_write_ex(pointer, memory.baseAddress, memory.count, &count), moved: count)
    }

    /// Whether OpenSSL holds bytes that were read from the socket and not yet returned. The event loop cannot know of them.
    package var hasPending: Bool { SSL_has_pending(pointer) == 1 }

    /// Sends the TLS close notification.
    package func finish() {
        guard !isBroken, SSL_is_init_finished(pointer) == 1 else { return }
        ERR_clear_error()
        _ = SSL_shutdown(pointer)
        ERR_clear_error()
    }

    /// Returns the peer's identity. Valid after the handshake.
    /// - Throws: `WireError` if the peer has no verified certificate, or its certificate names no role.
    package func identity() throws -> PeerIdentity {
        guard SSL_get_verify_result(pointer) == Int(X509_V_OK), let peer = SSL_get1_peer_certificate(pointer) else {
            throw WireError(.refused, "it has no certificate from this run's authority")
        }
        let certificate = Certificate(owning: peer)
        guard let role = certificate.role else { throw WireError(.refused, "its certificate names no role in a run") }
        return PeerIdentity(role: role, fingerprint: certificate.fingerprint, subject: certificate.subject)
    }

    /// Converts an OpenSSL status into a result or a thrown error. Every call's status goes through here.
    private func check(_ status: Int32, moved count: Int) throws -> Transfer {
        if status == 1 { return .moved(count) }
        let system = errno
        switch SSL_get_error(pointer, status) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL:
            isBroken = true
            throw WireError(.closed, system == 0 ? "the connection ended" : String(cString: strerror(system)))
        default:
            isBroken = true
            throw failure()
        }
    }

    /// Describes the failure with a cause and a remedy for users.
    private func failure() -> WireError {
        let verified = SSL_get_verify_result(pointer)
        let (code, text) = OpenSSLError.take()
        guard colonnade_error_is_ssl(code) == 1 else { return WireError(.refused, "TLS failed: \(text)") }
        switch colonnade_error_reason(code) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return WireError(.refused, "its certificate is not accepted: \(Self.reason(verified))")
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return WireError(.refused, "it has no certificate")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_BAD_RECORD_TYPE, SSL_R_UNEXPECTED_MESSAGE,
            SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
            return WireError(.refused, "it does not speak TLS; name its certificates with --certificates")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_NO_SHARED_CIPHER:
            return WireError(.refused, "it does not support TLS 1.3, and older versions are not accepted")
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return WireError(.refused, "it does not accept this side's certificate, which is from another authority")
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return WireError(
                .refused, "it does not accept this side's certificate, which has expired; renew it with `colonnade certificates renew`")
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return WireError(
                .refused,
                "it does not accept this side's certificate, which was revoked; issue another with "
                    + "`colonnade certificates issue`")
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return WireError(.refused, "it requires a certificate, and this side has none")
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return WireError(.closed, "the connection was cut off")
        default: return WireError(.refused, "TLS failed: \(text)")
        }
    }

    private static func reason(_ code: Int) -> String {
        switch Int32(code) {
        case X509_V_ERR_CERT_HAS_EXPIRED: "it has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID: "it is not valid yet; check the clocks of both hosts"
        case X509_V_ERR_CERT_REVOKED: "it was revoked"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            "it is from another authority"
        case X509_V_ERR_CRL_HAS_EXPIRED: "the list of revoked certificates is too old; renew it with `colonnade certificates renew`"
        case X509_V_ERR_UNABLE_TO_GET_CRL: "the list of revoked certificates is from another authority"
        default: String(cString: X509_verify_cert_error_string(code))
        }
    }
}
