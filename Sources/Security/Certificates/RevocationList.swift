import COpenSSL
import Foundation

/// An authority's certificate revocation list; owns its OpenSSL handle.
final class RevocationList: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// - Parameter source: the file's name, for the error.
    init(pem: [UInt8], source: String) throws {
        guard let found = PEMBuffer(copying: pem).use({ PEM_read_bio_X509_CRL($0, nil, nil, nil) }) else {
            _ = OpenSSLError.take()
            throw WireError(.file, "\(source) does not contain a list of revoked certificates; copy it from the authority's directory")
        }
        pointer = found
    }

    /// Creates and signs a list.
    /// - Parameter serials: hexadecimal serial numbers, with the time of each revocation.
    init(_ serials: [String: Date], authority: Certificate, key: PrivateKey) throws {
        let action = "create a list of revoked certificates"
        pointer = try OpenSSLError.check(X509_CRL_new(), action)
        try OpenSSLError.check(X509_CRL_set_version(pointer, 1), action)
        try OpenSSLError.check(authority.use { X509_CRL_set_issuer_name(pointer, X509_get_subject_name($0)) }, action)
        let now = try OpenSSLError.check(ASN1_TIME_set(nil, time(nil) - 300), action)
        defer { ASN1_TIME_free(now) }
        try OpenSSLError.check(X509_CRL_set1_lastUpdate(pointer, now), action)
        // Valid as long as the authority: a run must not end because a new list was not copied to its hosts.
        try OpenSSLError.check(authority.use { X509_CRL_set1_nextUpdate(pointer, X509_get0_notAfter($0)) }, action)
        for (serial, date) in serials {
            let entry = try OpenSSLError.check(X509_REVOKED_new(), action)
            let (number, when) = (Self.number(serial), ASN1_TIME_set(nil, time_t(date.timeIntervalSince1970)))
            defer {
                ASN1_INTEGER_free(number)
                ASN1_TIME_free(when)
            }
            guard X509_REVOKED_set_serialNumber(entry, number) == 1, X509_REVOKED_set_revocationDate(entry, when) == 1,
                X509_CRL_add0_revoked(pointer, entry) == 1
            else {
                X509_REVOKED_free(entry)
                throw WireError(.file, "cannot \(action): \(OpenSSLError.take().reason)")
            }
        }
        try OpenSSLError.check(X509_CRL_sort(pointer), action)
        guard key.use({ X509_CRL_sign(pointer, $0, EVP_sha256()) }) > 0 else {
            throw WireError(.file, "cannot sign the list of revoked certificates: \(OpenSSLError.take().reason)")
        }
    }

    deinit { X509_CRL_free(pointer) }

    /// Calls `body` with the handle, which is valid only during the call.
    func use<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    func pem() throws -> [UInt8] {
        let bio = try PEMBuffer()
        try OpenSSLError.check(bio.use { PEM_write_bio_X509_CRL($0, pointer) }, "write the list of revoked certificates")
        return bio.bytes
    }

    /// Hexadecimal serial numbers, with the time of each revocation.
    var serials: [String: Date] {
        var found: [String: Date] = [:]
        for index in 0..<colonnade_revoked_count(pointer) {
            guard let entry = colonnade_revoked_at(pointer, index) else { continue }
            found[Certificate.serial(X509_REVOKED_get0_serialNumber(entry))] =
                Certificate.date(X509_REVOKED_get0_revocationDate(entry)) ?? Date(timeIntervalSince1970: 0)
        }
        return found
    }

    private static func number(_ serial: String) -> UnsafeMutablePointer<ASN1_INTEGER>? {
        var value: OpaquePointer?
        guard BN_hex2bn(&value, serial) > 0 else { return nil }
        defer { BN_free(value) }
        return BN_to_ASN1_INTEGER(value, nil)
    }
}
