import Foundation
package import Security
import Settings

/// Certificates of one run, made here and in memory only from then on: a key for each role on each host, and none of the authority,
/// so that nobody can issue another.
package struct HostCertificates: Sendable {
    /// Files by host, then by name.
    private let files: [String: [String: [UInt8]]]

    /// The name of the directory below the host's private one.
    static let directory = "certificates"

    /// - Parameter roles: what the processes of a host have to be.
    package init(_ hosts: [(name: String, roles: [PeerRole])]) throws {
        let place = try PrivateDirectory()
        defer { place.remove() }
        let made = CertificateDirectory(place.path + "/authority")
        try made.create(days: 365)
        var files: [String: [String: [UInt8]]] = [:]
        for host in hosts {
            var directory = ""
            for role in host.roles { directory = try made.issue(role, name: host.name, days: 365) }
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                guard let content = FileManager.default.contents(atPath: "\(directory)/\(name)") else { continue }
                files[host.name, default: [:]][name] = [UInt8](content)
            }
        }
        self.files = files
    }

    /// Leaves a host's in its private directory.
    /// - Returns: where they are there.
    package func send(to connection: HostConnection) throws -> String {
        var place = ""
        for (name, content) in files[connection.host.label] ?? [:] {
            place = try connection.path(.keep(name: "\(Self.directory)/\(name)", content: Data(content)))
        }
        return (place as NSString).deletingLastPathComponent
    }
}
