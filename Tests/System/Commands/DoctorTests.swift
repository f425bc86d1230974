import Foundation
import Glibc
import TestSupport
import Testing

/// `doctor` on this machine, between two processes, and over ssh.
@Suite(.serialized) struct DoctorTests {
    private struct Diagnosis: Decodable {
        struct Finding: Decodable {
            let host, check, verdict, value: String
            let peer, remedy: String?
            let figures: [String: Double]?
        }
        let findings: [Finding]

        init(_ result: Program.Result) throws {
            self = try JSONDecoder().decode(Diagnosis.self, from: Data(result.output.utf8))
        }

        func first(_ check: String, peer: String? = nil) -> Finding? {
            findings.first { $0.check == check && (peer == nil || $0.peer == peer) }
        }
        var failed: [Finding] { findings.filter { $0.verdict == "failed" } }
    }

    @Test func aMachineIsCheckedAndFailuresHaveRemedies() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run("certificates", "create", "certificates", "--days", "10").code == 0)
        let result = try runner.run("doctor", "--json", "--data", data, "--certificates", "certificates")
        #expect(result.code == 0, "\(result.output)\(result.errors)")
        let diagnosis = try Diagnosis(result)
        for check in ["release", "processor", "kernels", "cores", "memory", "shared memory", "descriptors", "clock", "port", "data"] {
            #expect(diagnosis.first(check) != nil, "\(check)")
        }
        let certificate = try #require(diagnosis.first("worker's certificate"))
        #expect(certificate.verdict == "warning" && certificate.remedy?.contains("renew") == true)

        // Every failure has a remedy.
        chmod(runner.path("certificates/worker.key"), 0o644)
        let bad = try runner.run("doctor", "--json", "--data", "nowhere", "--certificates", "certificates", "--listen", "192.0.2.1:0")
        #expect(bad.code == 69)
        let failed = try Diagnosis(bad).failed
        #expect(Set(failed.map(\.check)) == ["data", "worker's certificate", "port"])
        #expect(failed.allSatisfy { $0.remedy?.isEmpty == false })
        #expect(failed.first { $0.check == "worker's certificate" }?.remedy?.contains("chmod 600") == true)
        let table = try runner.run("doctor", "--data", "nowhere")
        #expect(table.code == 69 && table.output.contains("1 failed"), "\(table.output)")
    }

    @Test func aLinkIsMeasuredAndDifferentDataIsReported() throws {
        let runner = try CommandRunner()
        let (data, other) = (try runner.makeData(), try runner.makeData("other", seed: 2))
        #expect(try runner.run("certificates", "create", "certificates").code == 0)
        let security = ["--certificates", "certificates"]
        let address = try runner.startListening(["doctor", "--serve", "127.0.0.1:0", "--data", data] + security).address
        func ask(_ arguments: [String]) throws -> Program.Result {
            try runner.run(["doctor", address, "--json", "--links-only", "--seconds", "0.05"] + arguments)
        }
        let good = try ask(security + ["--data", data])
        #expect(good.code == 0, "\(good.output)")
        let link = try #require(Diagnosis(good).first("connection", peer: address))
        #expect(link.value.hasPrefix("TLS 1.3"))
        #expect(try #require(link.figures?["bytes_per_second"]) > 0 && #require(link.figures?["round_trip_seconds"]) > 0)
        #expect(abs(try #require(link.figures?["clock_lead_seconds"])) < 1)
        let differing = try ask(security + ["--data", other])
        #expect(differing.code == 69)
        #expect(try Diagnosis(differing).failed.map(\.check) == ["data"])
        // Without a certificate, nothing is reported but the connection.
        let uninvited = try ask([])
        #expect(uninvited.code == 69)
        #expect(try Diagnosis(uninvited).failed.map(\.check) == ["connection"])
        let nobody = try runner.run("doctor", "127.0.0.1:1", "--json", "--links-only")
        #expect(try Diagnosis(nobody).failed.first?.remedy?.contains("colonnade doctor --serve 127.0.0.1:1") == true)
        // Data that cannot be read is said where the doctor runs that others ask: they hear of none.
        let dataless = try runner.startListening(["doctor", "--serve", "127.0.0.1:0", "--data", "nowhere"])
        #expect(dataless.process.errors.contains("nowhere") && dataless.process.errors.contains("no data set"))
        dataless.process.end()
        let open = try runner.run("doctor", "--serve", "0.0.0.0:0")
        #expect(open.code == 64 && open.errors.contains("--insecure"))
    }

    @Test func everyPairOfHostsIsCheckedOverSSH() throws {
        let runner = try CommandRunner()
        guard let server = SSHServer(in: runner.directory) else { return print("skipped: no ssh daemon can be started here") }
        let (data, other) = (try runner.makeData(), try runner.makeData("other", seed: 2))
        func ask(_ second: String) throws -> Program.Result {
            try runner.write(server.hosts(data: data, second: second), to: "hosts.yaml")
            return try runner.run("doctor", "--hosts", "hosts.yaml", "--json", "--seconds", "0.05")
        }
        let good = try ask("")
        #expect(good.code == 0, "\(good.output)\(good.errors)")
        let diagnosis = try Diagnosis(good)
        let links = diagnosis.findings.filter { $0.check == "connection" }
        #expect(links.map { "\($0.host) \($0.peer ?? "")" } == ["a b", "b a"])
        #expect(links.allSatisfy { $0.value.hasPrefix("TLS 1.3") })
        #expect(diagnosis.findings.filter { $0.check == "kernels" }.map(\.host) == ["a", "b"])
        let bad = try ask(", data: \(other)")
        #expect(bad.code == 69)
        #expect(try Diagnosis(bad).failed.map { "\($0.host) \($0.check) \($0.peer ?? "")" } == ["a data b", "b data a"])
        let gone = try ask(", ssh_port: 1")
        #expect(try Diagnosis(gone).failed.map { "\($0.host) \($0.check)" } == ["b ssh"])
    }
}
