import COpenSSL
import Foundation
import Glibc
import Platform
import Protocol
import Security
import SwiftProtobuf
import TestSupport
import Testing
import Transport

@Suite struct CertificateTests {
    /// Tries to join, and returns the reason that the connecting side receives.
    private func refusal(
        _ server: TestServer, _ protection: LinkSecurity.Protection, as role: WireHello.Role = .worker, expecting: PeerRole? = .coordinator
    ) throws -> String {
        let client = try TestClient(protection)
        defer { client.stop() }
        do {
            _ = try client.join(server.address, as: role, expecting: expecting)
        } catch { return "\(error)" }
        return client.seen.wait(timeout: 20) { $0.refusal ?? $0.error?.description } ?? "nothing"
    }

    @Test func onlyAValidCertificateOfTheRoleIsAdmitted() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        let server = try TestServer(.tls(directory, .coordinator))
        defer { server.stop() }

        let expired = CertificateDirectory(try directory.issue(.worker, name: "old", days: -1))
        #expect(try refusal(server, .tls(expired, .worker)).contains("expired"))
        #expect(server.refusal(containing: "expired") != nil)

        // Certificates from another authority: each side refuses the other's.
        let foreign = try scratch.certificates("foreign")
        #expect(try refusal(server, .tls(foreign, .worker)).contains("another authority"))
        // A client that trusts this authority, with a certificate from the other one.
        let mixed = CertificateDirectory(scratch("mixed"))
        try FileManager.default.copyItem(atPath: foreign.path, toPath: mixed.path)
        for name in ["authority.pem", "revoked.crl"] {
            try FileManager.default.removeItem(atPath: "\(mixed.path)/\(name)")
            try FileManager.default.copyItem(atPath: "\(directory.path)/\(name)", toPath: "\(mixed.path)/\(name)")
        }
        #expect(try refusal(server, .tls(mixed, .worker)).contains("another authority"))
        #expect(server.refusal(containing: "another authority") != nil)

        let other = CertificateDirectory(try directory.issue(.worker, name: "gone", days: 30))
        let revoked = try LinkSecurity.Protection.tls(other, .worker)
        let serial = try #require(directory.entries().first { $0.subject == "worker gone" }?.serial)
        #expect(try directory.revoke(role: nil, serial: serial) == [serial])
        // `revoked` was loaded before the revocation, as on a host that has not received the new list.
        #expect(try refusal(server, revoked).contains("revoked"))
        #expect(server.refusal(containing: "revoked") != nil)

        // A worker's certificate acts neither as a store nor as the coordinator.
        #expect(try refusal(server, .tls(directory, .worker), as: .store).contains("worker's"))
        #expect(server.refusal(containing: "its certificate is a worker's, but it claims the role store") != nil)
        let impostor = try TestServer(.tls(directory, .worker))
        defer { impostor.stop() }
        #expect(try refusal(impostor, .tls(directory, .store)).contains("must be a coordinator's"))
        #expect(server.seen.read { $0.admitted.isEmpty })

        // The valid certificate is admitted.
        let client = try TestClient(.tls(directory, .worker))
        defer { client.stop() }
        _ = try client.join(server.address, as: .worker)
        #expect(server.seen.wait(timeout: 20) { $0.admitted.count == 1 ? $0.admitted[0]?.subject : nil } == "worker")
    }

    @Test func plainAndTLSAreIncompatible() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        let encrypted = try TestServer(.tls(directory, .coordinator))
        defer { encrypted.stop() }
        #expect(try refusal(encrypted, .plain(.none)).contains("wants TLS"))
        #expect(encrypted.refusal(containing: "does not speak TLS") != nil)
        let plain = try TestServer(.plain(.none))
        defer { plain.stop() }
        #expect(try refusal(plain, .tls(directory, .worker)).contains("does not speak TLS"))
        #expect(plain.refusal(containing: "it speaks TLS") != nil)
    }

    @Test func versionsBeforeTLS13AreRefused() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        let server = try TestServer(.tls(directory, .coordinator))
        defer { server.stop() }
        for (version, isAccepted) in [(TLS1_2_VERSION, false), (TLS1_3_VERSION, true)] {
            let context = SSL_CTX_new(TLS_method())
            defer { SSL_CTX_free(context) }
            #expect(colonnade_ssl_only_version(context, version) == 1)
            #expect(SSL_CTX_use_certificate_file(context, directory.path + "/worker.pem", SSL_FILETYPE_PEM) == 1)
            #expect(SSL_CTX_use_PrivateKey_file(context, directory.path + "/worker.key", SSL_FILETYPE_PEM) == 1)
            let client = try RawClient(server.address)
            let session = SSL_new(context)
            defer { SSL_free(session) }
            SSL_set_fd(session, client.descriptor)
            #expect((SSL_connect(session) == 1) == isAccepted)
            ERR_clear_error()
        }
        #expect(server.refusal(containing: "TLS 1.3") != nil)
    }
}
