import COpenSSL
import Foundation

/// An X.509 certificate; owns its OpenSSL handle.
final class Certificate: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    /// - Parameter source: the file's name, for the error.
    init(pem: [UInt8], source: String) throws {
        guard let found = PEMBuffer(copying: pem).use({ PEM_read_bio_X509($0, nil, nil, nil) }) else {
            _ = OpenSSLError.take()
            throw WireError(.file, "\(source) does not contain a certificate; restore it, or renew it with `colonnade certificates renew`")
        }
        pointer = found
    }

    deinit { X509_free(pointer) }

    /// Calls `body` with the handle, which is valid only during the call.
    func use<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    func pem() throws -> [UInt8] {
        let bio = try PEMBuffer()
        try OpenSSLError.check(bio.use { PEM_write_bio_X509($0, pointer) }, "write a certificate")
        return bio.bytes
    }

    /// The role that the certificate names; nil if it names none or several.
    var role: PeerRole? {
        let uris = (0..<8).compactMap(uri)
        let roles = uris.filter { $0.hasPrefix(PeerRole.uriPrefix) }
        guard roles.count == 1, uris.count < 8 else { return nil }
        return PeerRole(rawValue: String(roles[0].dropFirst(PeerRole.uriPrefix.count)))
    }

    private func uri(_ index: Int) -> String? {
        var text = [CChar](repeating: 0, count: 256)
        let count = colonnade_certificate_uri(pointer, Int32(index), &text, Int32(text.count))
        return count > 0 ? String(decoding: text.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// SHA-256 of the certificate, hexadecimal.
    var fingerprint: String {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = UInt32(0)
        guard X509_digest(pointer, EVP_sha256(), &bytes, &count) == 1 else { return "" }
        return Self.hexadecimal(bytes)
    }

    /// The common name.
    var subject: String {
        var text = [CChar](repeating: 0, count: 256)
        let count = X509_NAME_get_text_by_NID(X509_get_subject_name(pointer), NID_commonName, &text, Int32(text.count))
        let bytes = text.prefix(Int(max(0, count))).map(UInt8.init(bitPattern:))
        // Names are logged, so bytes that control a terminal are replaced.
        return String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// The serial number, hexadecimal.
    var serial: String { Self.serial(X509_get0_serialNumber(pointer)) }
    var starts: Date? { Self.date(X509_get0_notBefore(pointer)) }
    var ends: Date? { Self.date(X509_get0_notAfter(pointer)) }

    static func serial(_ number: UnsafePointer<ASN1_INTEGER>?) -> String {
        guard let number else { return "" }
        let count = Int(ASN1_STRING_length(number))
        return hexadecimal([UInt8](UnsafeRawBufferPointer(start: ASN1_STRING_get0_data(number), count: count)))
    }

    static func date(_ time: UnsafePointer<ASN1_TIME>?) -> Date? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Date(timeIntervalSince1970: Double(timegm(&parts)))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
