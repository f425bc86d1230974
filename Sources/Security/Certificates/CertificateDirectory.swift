import Foundation
import Glibc

/// A directory of TLS material: the authority, a certificate and key for each role, and the revocation list.
///
///     authority.pem  authority.key  revoked.crl  ROLE.pem  ROLE.key
///     issued/SERIAL.pem             every certificate that was ever issued
///     hosts/NAME/                   the files to copy to another host, without the authority's key
public struct CertificateDirectory: Sendable {
    /// A certificate as listed by `colonnade certificates show`.
    public struct Entry: Codable, Sendable, Equatable {
        public let role: String
        public let subject: String
        public let serial: String
        public let fingerprint: String
        public let starts: String
        public let ends: String
        /// Date of the revocation, ISO 8601; nil if the certificate is not revoked.
        public let revoked: String?
        /// Whether it is the role's current certificate; earlier ones are listed too.
        public let isCurrent: Bool

        enum CodingKeys: String, CodingKey {
            case role, subject, serial, fingerprint, starts, ends, revoked
            case isCurrent = "is_current"
        }
    }

    public let path: String

    public init(_ path: String) { self.path = path }

    private var authorityPath: String { "\(path)/\(TLSFiles.authorityName)" }
    private var authorityKeyPath: String { "\(path)/authority.key" }
    private var revokedPath: String { "\(path)/\(TLSFiles.revokedName)" }
    private var issuedPath: String { "\(path)/issued" }
    private var hostsPath: String { "\(path)/hosts" }

    // MARK: Issuing

    /// Creates an authority and a certificate for each role.
    /// - Throws: `WireError` if the directory already has an authority, or a file cannot be written.
    public func create(days: Int) throws {
        guard access(authorityPath, F_OK) != 0 else {
            throw WireError(
                .file,
                "\(path) already has an authority; renew its certificates with `colonnade certificates renew`, or name "
                    + "another directory")
        }
        try makeDirectory(path)
        try makeDirectory(issuedPath)
        let authority = try CertificateAuthority.new()
        try PrivateFile.write(authority.key.pem(), to: authorityKeyPath, replaces: false)
        try writePublic(authority.certificate.pem(), to: authorityPath)
        try writePublic(RevocationList([:], authority: authority.certificate, key: authority.key).pem(), to: revokedPath)
        for role in PeerRole.allCases { try issue(role, subject: role.rawValue, in: path, days: days, authority: authority) }
    }

    /// Issues a certificate for this directory, or for a named host, whose directory can then be copied to it.
    /// - Returns: the directory that contains the certificate.
    /// - Throws: `WireError` if the name is invalid, this directory or the host's already has the role's certificate, or the authority's
    ///   key is missing.
    @discardableResult
    public func issue(_ role: PeerRole, name: String?, days: Int) throws -> String {
        let authority = try authority()
        guard let name else {
            guard access("\(path)/\(role.rawValue).pem", F_OK) != 0 else {
                throw WireError(
                    .file,
                    "\(path)/\(role.rawValue).pem already exists; renew it with `colonnade certificates renew`, or name a host with "
                        + "--name")
            }
            try issue(role, subject: role.rawValue, in: path, days: days, authority: authority)
            return path
        }
        guard (1...63).contains(name.utf8.count), !name.hasPrefix("."), name.utf8.allSatisfy(Self.isNameByte) else {
            throw WireError(.file, "\"\(name)\" is not a valid host name; use letters, digits, dots, dashes and underscores")
        }
        let directory = "\(hostsPath)/\(name)"
        let existing = "\(directory)/\(role.rawValue).pem"
        // The one that it had would stay valid, and nobody would know of it.
        guard access(existing, F_OK) != 0 else {
            throw WireError(
                .file,
                "\(existing) already exists; renew it with `colonnade certificates renew`, or revoke it with `colonnade certificates revoke` "
                    + "and remove the file")
        }
        try makeDirectory(hostsPath)
        try makeDirectory(directory)
        try issue(role, subject: "\(role.rawValue) \(name)", in: directory, days: days, authority: authority)
        try copyPublic(to: directory)
        return directory
    }

    /// Issues existing certificates again, with new keys. The previous ones stay valid until they expire.
    /// - Parameter role: the role whose certificates to renew; nil renews all.
    /// - Returns: the number of certificates issued.
    /// - Throws: `WireError` if the authority's key is missing, or a file cannot be written.
    public func renew(_ role: PeerRole?, days: Int) throws -> Int {
        let authority = try authority()
        var count = 0
        for directory in [path] + hosts {
            for role in role.map({ [$0] }) ?? PeerRole.allCases {
                let file = "\(directory)/\(role.rawValue).pem"
                guard access(file, F_OK) == 0 else { continue }
                // A damaged certificate is replaced as well.
                let subject = (try? Certificate(pem: read(file), source: file).subject) ?? role.rawValue
                try issue(role, subject: subject, in: directory, days: days, authority: authority)
                count += 1
            }
        }
        // Signs the revocation list again, so that it does not expire.
        try revoke([], authority: authority)
        return count
    }

    private func issue(_ role: PeerRole, subject: String, in directory: String, days: Int, authority: CertificateAuthority) throws {
        let key = try PrivateKey()
        let certificate = try authority.issue(role, subject: subject, key: key, days: days)
        try writePublic(certificate.pem(), to: "\(issuedPath)/\(certificate.serial).pem")
        // A process that reads between the two writes finds an unusable pair, and continues with the previous one.
        try PrivateFile.write(key.pem(), to: "\(directory)/\(role.rawValue).key", replaces: true)
        try writePublic(certificate.pem(), to: "\(directory)/\(role.rawValue).pem")
    }

    // MARK: Revoking

    /// Revokes the certificate with a serial number, or, without one, all certificates issued to a role.
    /// - Returns: the serial numbers of the revoked certificates.
    /// - Throws: `WireError` if there is no such certificate, or the authority's key is missing.
    public func revoke(role: PeerRole?, serial: String?) throws -> [String] {
        let wanted = serial?.lowercased()
        let found = try entries().filter { entry in
            entry.revoked == nil && (wanted.map { entry.serial == $0 } ?? (entry.role == role?.rawValue))
        }
        guard !found.isEmpty else {
            throw WireError(
                .file,
                "\(path) has no such certificate, or it is already revoked; list certificates with "
                    + "`colonnade certificates show \(path)`")
        }
        try revoke(found.map(\.serial), authority: authority())
        return found.map(\.serial)
    }

    private func revoke(_ serials: [String], authority: CertificateAuthority) throws {
        var all = try RevocationList(pem: read(revokedPath), source: revokedPath).serials
        for serial in serials { all[serial] = Date() }
        try writePublic(RevocationList(all, authority: authority.certificate, key: authority.key).pem(), to: revokedPath)
        for host in hosts { try copyPublic(to: host) }
    }

    // MARK: Showing

    /// Returns every certificate that was issued, sorted by role and start date.
    /// - Throws: `WireError` if the directory has no authority, or a certificate is unreadable.
    public func entries() throws -> [Entry] {
        guard access(authorityPath, F_OK) == 0 else {
            throw WireError(.file, "\(path) has no authority; create one with `colonnade certificates create \(path)`")
        }
        let revoked = try RevocationList(pem: read(revokedPath), source: revokedPath).serials
        let format = ISO8601DateFormatter()
        var current: Set<String> = []
        for directory in [path] + hosts {
            for role in PeerRole.allCases {
                let file = "\(directory)/\(role.rawValue).pem"
                if access(file, F_OK) == 0, let found = try? Certificate(pem: read(file), source: file) { current.insert(found.serial) }
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: issuedPath).filter { $0.hasSuffix(".pem") }
        return try names.map { name in
            let certificate = try Certificate(pem: read("\(issuedPath)/\(name)"), source: "\(issuedPath)/\(name)")
            return Entry(
                role: certificate.role?.rawValue ?? "none", subject: certificate.subject, serial: certificate.serial,
                fingerprint: certificate.fingerprint, starts: certificate.starts.map(format.string) ?? "",
                ends: certificate.ends.map(format.string) ?? "", revoked: revoked[certificate.serial].map(format.string),
                isCurrent: current.contains(certificate.serial))
        }.sorted { ($0.role, $0.starts, $0.serial) < ($1.role, $1.starts, $1.serial) }
    }

    // MARK: Files

    private var hosts: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: hostsPath)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(hostsPath)/\($0)" }
    }

    private func authority() throws -> CertificateAuthority {
        guard access(authorityKeyPath, F_OK) == 0 else {
            throw WireError(
                .file, "\(authorityKeyPath) is missing; run this command on the machine where `colonnade certificates create` was run")
        }
        return CertificateAuthority(
            certificate: try Certificate(pem: read(authorityPath), source: authorityPath),
            key: try PrivateKey(pem: PrivateFile.read(authorityKeyPath, followsLinks: true), source: authorityKeyPath))
    }

    private func copyPublic(to directory: String) throws {
        for (source, name) in [(authorityPath, TLSFiles.authorityName), (revokedPath, TLSFiles.revokedName)] {
            try writePublic(read(source), to: "\(directory)/\(name)")
        }
    }

    private func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw WireError(.file, "\(path) cannot be read; restore it, or create another directory with `colonnade certificates create`")
        }
        return [UInt8](data)
    }

    private func writePublic(_ bytes: [UInt8], to path: String) throws {
        try PrivateFile.write(bytes, to: path, mode: 0o644, replaces: true)
    }

    private func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw WireError(.file, "\(path) cannot be created: \(String(cString: strerror(errno))); name another directory")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
