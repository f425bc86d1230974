import COpenSSL
import Foundation

/// The authority that signs a run's certificates and their revocation list.
final class CertificateAuthority {
    static let days = 3650

    let certificate: Certificate
    let key: PrivateKey

    init(certificate: Certificate, key: PrivateKey) { (self.certificate, self.key) = (certificate, key) }

    /// Creates an authority with a new key and a self-signed certificate.
    static func new() throws -> CertificateAuthority {
        let key = try PrivateKey()
        let certificate = try sign(
            subject: "Colonnade authority", key: key, by: nil, days: days,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
        return CertificateAuthority(certificate: certificate, key: key)
    }

    /// Issues a role's certificate for a key.
    func issue(_ role: PeerRole, subject: String, key: PrivateKey, days: Int) throws -> Certificate {
        try Self.sign(
            subject: subject, key: key, by: self, days: days,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                // Both, since workers and stores connect and listen.
                (NID_ext_key_usage, "serverAuth,clientAuth"), (NID_subject_alt_name, "URI:\(role.uri)"),
                (NID_authority_key_identifier, "keyid"),
            ])
    }

    private static func sign(
        subject: String, key: PrivateKey, by authority: CertificateAuthority?, days: Int, extensions: [(Int32, String)]
    ) throws -> Certificate {
        let action = "create a certificate"
        let created = Certificate(owning: try OpenSSLError.check(X509_new(), action))
        try created.use { certificate in
            try OpenSSLError.check(X509_set_version(certificate, 2), action)
            let serial = try OpenSSLError.check(BN_new(), action)
            defer { BN_free(serial) }
            try OpenSSLError.check(BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), action)
            _ = try OpenSSLError.check(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)), action)
            // The five minutes allow for clocks that differ. Tests create expired certificates with negative days.
            let start = min(-300, days * 86_400 - 300)
            _ = try OpenSSLError.check(X509_gmtime_adj(X509_getm_notBefore(certificate), start), action)
            _ = try OpenSSLError.check(X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400), action)
            let name = try OpenSSLError.check(X509_get_subject_name(certificate), action)
            try OpenSSLError.check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0), action)
            try OpenSSLError.check(key.use { X509_set_pubkey(certificate, $0) }, action)
            try (authority?.certificate ?? created).use { issuer in
                try OpenSSLError.check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), action)
                for (identifier, value) in extensions {
                    try OpenSSLError.check(colonnade_add_extension(certificate, issuer, identifier, value), action)
                }
            }
            guard (authority?.key ?? key).use({ X509_sign(certificate, $0, EVP_sha256()) }) > 0 else {
                throw WireError(.system, "cannot \(action): \(OpenSSLError.take().reason)")
            }
        }
        return created
    }
}
