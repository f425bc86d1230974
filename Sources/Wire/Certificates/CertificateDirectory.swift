import Foundation
import Glibc

/// A directory of TLS material: the authority, a certificate and key for each role, and the list of revoked ones.
///
///     authority.pem  authority.key  revoked.crl  ROLE.pem  ROLE.key
///     issued/SERIAL.pem             every certificate that was ever issued
///     hosts/NAME/                   what is copied to another host, without the authority's key
public struct CertificateDirectory: Sendable {
    /// A certificate as `show` lists it.
    public struct Entry: Codable, Sendable, Equatable {
        public let role: String
        public let subject: String
        public let serial: String
        public let fingerprint: String
        public let starts: String
        public let ends: String
        /// When it was revoked.
        public let revoked: String?
        /// Whether the role's file holds it; older ones are listed too.
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

    /// Makes an authority and a certificate for each role.
    public func create(days: Int) throws {
        guard access(authorityPath, F_OK) != 0 else {
            throw WireError(
                .file, "\(path) has an authority already; renew its certificates with `colonnade certificates renew`, or name "
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

    /// Issues a certificate: for this directory, or for a host of that name, whose directory is then ready to be copied.
    /// - Returns: the directory in which it is.
    @discardableResult
    public func issue(_ role: PeerRole, name: String?, days: Int) throws -> String {
        let authority = try authority()
        guard let name else {
            guard access("\(path)/\(role.rawValue).pem", F_OK) != 0 else {
                throw WireError(
                    .file, "\(path)/\(role.rawValue).pem exists; renew it with `colonnade certificates renew`, or name a host with "
                        + "--name")
            }
            try issue(role, subject: role.rawValue, in: path, days: days, authority: authority)
            return path
        }
        guard (1...63).contains(name.utf8.count), !name.hasPrefix("."), name.utf8.allSatisfy(Self.isNameByte) else {
            throw WireError(.file, "\"\(name)\" is no name for a host; use letters, digits, dots and dashes")
        }
        let directory = "\(hostsPath)/\(name)"
        try makeDirectory(hostsPath)
        try makeDirectory(directory)
        try issue(role, subject: "\(role.rawValue) \(name)", in: directory, days: days, authority: authority)
        try copyPublic(to: directory)
        return directory
    }

    /// Issues certificates anew, with new keys, where there are some; the ones before stay valid until they end.
    /// - Returns: how many.
    public func renew(_ role: PeerRole?, days: Int) throws -> Int {
        let authority = try authority()
        var count = 0
        for directory in [path] + hosts {
            for role in role.map({ [$0] }) ?? PeerRole.allCases {
                let file = "\(directory)/\(role.rawValue).pem"
                guard access(file, F_OK) == 0 else { continue }
                // One that is damaged is replaced too.
                let subject = (try? Certificate(pem: read(file), source: file).subject) ?? role.rawValue
                try issue(role, subject: subject, in: directory, days: days, authority: authority)
                count += 1
            }
        }
        // The list is signed anew too, so that it does not become too old.
        try revoke([], authority: authority)
        return count
    }

    private func issue(_ role: PeerRole, subject: String, in directory: String, days: Int, authority: CertificateAuthority) throws {
        let key = try PrivateKey()
        let certificate = try authority.issue(role, subject: subject, key: key, days: days)
        try writePublic(certificate.pem(), to: "\(issuedPath)/\(certificate.serial).pem")
        // Whoever reads between the two takes the pair for unusable, and goes on with the one before.
        try PrivateFile.write(key.pem(), to: "\(directory)/\(role.rawValue).key", replaces: true)
        try writePublic(certificate.pem(), to: "\(directory)/\(role.rawValue).pem")
    }

    // MARK: Revoking

    /// Revokes a role's certificates, all that were issued to it, or the one of a serial number.
    /// - Returns: the serial numbers.
    public func revoke(role: PeerRole?, serial: String?) throws -> [String] {
        let wanted = serial?.lowercased()
        let found = try entries().filter { entry in
            entry.revoked == nil && (wanted.map { entry.serial == $0 } ?? (entry.role == role?.rawValue))
        }
        guard !found.isEmpty else {
            throw WireError(
                .file, "\(path) has no such certificate that is not revoked; `colonnade certificates show \(path)` lists them")
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

    /// Every certificate that was issued, by role and time.
    public func entries() throws -> [Entry] {
        guard access(authorityPath, F_OK) == 0 else {
            throw WireError(.file, "\(path) has no authority; make one with `colonnade certificates create \(path)`")
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
                .file, "\(authorityKeyPath) is missing; certificates are issued where `colonnade certificates create` was run")
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
            throw WireError(.file, "\(path) cannot be read; restore it, or make another directory with `colonnade certificates create`")
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
