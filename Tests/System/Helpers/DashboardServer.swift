import Foundation
import Glibc
import TestSupport

/// A dashboard of a test's runs.
struct DashboardServer {
    private let process: StartedProcess
    let port: UInt16
    let tokenPath: String
    let token: String

    init(_ runner: CommandRunner, _ arguments: [String] = ["--listen", "127.0.0.1:0"]) throws {
        let process = try runner.start(["dashboard", "--runs", runner.path("runs")] + arguments)
        try process.wait(for: "two lines", every: 2_000) { process.output.count { $0 == "\n" } >= 2 }
        let lines = process.output.split(separator: "\n")
        guard lines.count >= 2, let port = lines[0].dropLast().split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw CocoaError(.executableLoad)
        }
        (self.process, self.port) = (process, port)
        tokenPath = String(lines[1].dropFirst("token ".count))
        token = try String(contentsOfFile: tokenPath, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends the dashboard like Ctrl-C.
    func stop() throws -> Int32 {
        process.send(SIGINT)
        try process.waitUntilExit()
        return process.terminationStatus
    }

    func ask(_ path: String, method: String = "GET", headers: [String: String] = [:], body: String? = nil) throws -> HTTPAsker.Answer {
        try HTTPAsker.ask(port: port, path, method: method, headers: headers, body: body)
    }
}
