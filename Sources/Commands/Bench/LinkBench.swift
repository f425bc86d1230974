import ArgumentParser
import Foundation
import Glibc
import Platform
import Security

/// `colonnade bench links`: measures the cost of sending a tensor over each kind of connection, with both ends on this machine.
struct LinkBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links", abstract: "Measures tensor transfers over loopback: plain, with a token, and with TLS.")

    @Option(help: "Size of a tensor in mebibytes.")
    var size = 8

    @Option(help: "Tensors to send, one at a time.")
    var count = 100

    @Option(help: "Repetitions; the median is reported.")
    var rounds = 5

    @Flag(help: "Print JSON.")
    var json = false

    struct Line: Codable {
        let protection: String
        let gigabytes_per_second: Double
        /// The sum of both ends.
        let processor_seconds_per_gigabyte: Double
    }

    func run() throws {
        guard (1...512).contains(size), (1...100_000).contains(count), (1...99).contains(rounds) else {
            throw CommandFailure(CommandFailure.usage, "--size must be from 1 to 512, --count from 1 to 100000, and --rounds from 1 to 99")
        }
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-bench-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try CertificateDirectory(directory).create(days: 1)
        let token = TokenSource.token(try RunToken.random())
        func tls(_ role: PeerRole) throws -> LinkSecurity {
            LinkSecurity(.encrypted(try TLSMaterial(directory: directory, role: role) { Terminal.error($0) }))
        }
        let kinds: [(String, LinkSecurity, LinkSecurity)] = [
            ("none", .none, .none), ("token", LinkSecurity(.plain(token)), LinkSecurity(.plain(token))),
            ("tls", try tls(.coordinator), try tls(.worker)),
        ]
        var measured: [String: [Line]] = [:]
        for _ in 0..<rounds {
            for (name, listening, connecting) in kinds {
                measured[name, default: []].append(try measure(name, listening, connecting))
            }
        }
        let lines = kinds.compactMap { kind in
            measured[kind.0]?.sorted { $0.processor_seconds_per_gigabyte < $1.processor_seconds_per_gigabyte }[rounds / 2]
        }
        if json { return Terminal.line(try Terminal.json(lines)) }
        Terminal.line(
            Terminal.table(
                lines.map {
                    [
                        $0.protection, "\(Terminal.fixed($0.gigabytes_per_second, 2)) GB/s",
                        "\(Terminal.fixed($0.processor_seconds_per_gigabyte, 3)) s of processor time per GB, both ends together",
                    ]
                }))
    }

    private func measure(_ name: String, _ listening: LinkSecurity, _ connecting: LinkSecurity) throws -> Line {
        let bytes = size << 20
        let server = try ProbeServer(SocketAddress(host: "127.0.0.1", port: 0), security: listening, bytes: bytes)
        defer { server.stop() }
        let probe = try LinkProbe(to: server.address, security: connecting, expecting: .coordinator, bytes: bytes)
        defer { probe.stop() }
        try probe.sendTensor()
        let (start, used) = (MonotonicClock.now, processorTime)
        for _ in 0..<count { try probe.sendTensor() }
        let gigabytes = Double(bytes) * Double(count) / 1e9
        return Line(
            protection: name, gigabytes_per_second: gigabytes / (MonotonicClock.now - start),
            processor_seconds_per_gigabyte: (processorTime - used) / gigabytes)
    }

    private var processorTime: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
    }
}
