import Foundation
import Glibc
import Security
import TestSupport
import Testing

@Suite struct CertificateDirectoryTests {
    @Test func aKeyThatOthersCanReadIsRefused() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        for role in PeerRole.allCases {
            var status = stat()
            #expect(stat("\(directory.path)/\(role.rawValue).key", &status) == 0 && status.st_mode & 0o7777 == 0o600)
        }
        chmod(directory.path + "/worker.key", 0o644)
        let error = #expect(throws: WireError.self) { try TLSMaterial(directory: directory.path, role: .worker) { _ in } }
        #expect(error?.description.contains("chmod 600") == true && error?.code == .file)
        chmod(directory.path + "/worker.key", 0o400)
        _ = try TLSMaterial(directory: directory.path, role: .worker) { _ in }
        try FileManager.default.removeItem(atPath: directory.path + "/store.pem")
        let missing = #expect(throws: WireError.self) { try TLSMaterial(directory: directory.path, role: .store) { _ in } }
        #expect(missing?.description.contains("store.pem is missing") == true)
        // The role in the certificate counts, not the one in the file's name.
        for end in ["pem", "key"] {
            try? FileManager.default.removeItem(atPath: "\(directory.path)/store.\(end)")
            try FileManager.default.copyItem(atPath: "\(directory.path)/worker.\(end)", toPath: "\(directory.path)/store.\(end)")
        }
        chmod(directory.path + "/store.key", 0o600)
        let wrong = #expect(throws: WireError.self) { try TLSMaterial(directory: directory.path, role: .store) { _ in } }
        #expect(wrong?.description.contains("not a store's certificate") == true)
    }

    @Test func aDirectoryListsIssuedCertificates() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        #expect(throws: WireError.self) { try directory.create(days: 30) }
        #expect(throws: WireError.self) { try directory.issue(.worker, name: nil, days: 30) }
        for name in ["../out", ".hidden", "a/b", ""] {
            #expect(throws: WireError.self, "\(name)") { try directory.issue(.worker, name: name, days: 30) }
        }
        let host = try directory.issue(.worker, name: "b", days: 30)
        _ = try TLSMaterial(directory: host, role: .worker) { _ in }
        #expect(access(host + "/authority.key", F_OK) != 0)
        // A host's certificate is not replaced in silence; other roles of the host are free.
        let before = FileManager.default.contents(atPath: host + "/worker.pem")
        let taken = #expect(throws: WireError.self) { try directory.issue(.worker, name: "b", days: 30) }
        #expect(taken?.description.contains("certificates renew") == true)
        #expect(before != nil && FileManager.default.contents(atPath: host + "/worker.pem") == before)
        #expect(try directory.entries().filter(\.isCurrent).count == 5)
        #expect(try directory.renew(.worker, days: 30) == 2)
        #expect(try directory.entries().count == 7)
        #expect(try directory.revoke(role: .worker, serial: nil).count == 4)
        #expect(try directory.entries().filter { $0.revoked != nil }.allSatisfy { $0.role == "worker" })
        #expect(throws: WireError.self) { try directory.revoke(role: .worker, serial: nil) }
        // The hosts' copies of the revocation list are updated.
        let list = FileManager.default.contents(atPath: directory.path + "/revoked.crl")
        let copy = FileManager.default.contents(atPath: host + "/revoked.crl")
        #expect(list != nil && list == copy)
    }
}
