import Foundation
import RunLog
import TestSupport
import Testing

/// The dashboard of a run that trains.
@Suite(.serialized) struct DashboardTests {
    private func train(_ runner: CommandRunner, _ data: String, steps: Int = 100_000) throws -> StartedProcess {
        try runner.start([
            "train", "--preset", "cifar10", "--data", data, "--steps", "\(steps)", "--name", "a", "--trace-every", "10", "--norms-every",
            "5",
            "--set", "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=0", "validation.every=0",
        ])
    }

    private func waitForSteps(_ runner: CommandRunner, _ steps: Int, _ process: StartedProcess) throws -> RunDirectory {
        let run = runner.runDirectory("a")
        try process.wait(for: "step \(steps)", every: 20_000) { MetricsIndex(run).count >= steps }
        return run
    }

    @Test func aRunIsShownToEveryoneButStoppedOnlyWithTheToken() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let training = try train(runner, data)
        let run = try waitForSteps(runner, 30, training)
        let server = try DashboardServer(runner)
        #expect(try FileManager.default.attributesOfItem(atPath: server.tokenPath)[.posixPermissions] as? Int == 0o600)

        #expect(try server.ask("/api/runs").text.contains(#""state":"running""#))
        // The status is written within a second of the first step.
        try training.wait(for: "a status of three processes", every: 50_000) { run.status()?.processes.count == 3 }
        let document = try server.ask("/api/runs/a").text
        #expect(document.contains(#""phase""#) && document.contains(#""exchange":[{"bytes":"#))
        let series = try JSONDecoder().decode(MetricsSeries.self, from: Data(server.ask("/api/runs/a/metrics?points=5").text.utf8))
        #expect(series.last >= 20 && (1...5).contains(series.steps.step.count))
        #expect(try server.ask("/api/runs/a/norms").text.contains(#""conv1.weight""#))
        #expect(try server.ask("/api/runs/a/timeline?step=10").text.contains(#""kind":"compute""#))
        #expect(try server.ask("/api/runs/a/log").text.contains("joined run"))

        // Requests without the token change nothing.
        #expect(try server.ask("/api/runs/a/stop", method: "POST").status == 401)
        #expect(
            try server.ask("/api/runs/a/stop", method: "POST", headers: ["Authorization": "Bearer \(server.token.reversed())"]).status
                == 401)
        #expect(try server.ask("/api/session", method: "POST", body: #"{"token":"guess"}"#).status == 401)
        let bearer = ["Authorization": "Bearer \(server.token)"]
        #expect(
            try server.ask("/api/runs/a/stop", method: "POST", headers: bearer.merging(["Origin": "http://elsewhere.example"]) { $1 })
                .status == 403)
        #expect(try run.record().state == .running)

        // A browser gets a cookie for the token, and then needs only the cookie.
        let session = try server.ask("/api/session", method: "POST", body: #"{"token":"\#(server.token)"}"#)
        let cookie = try #require((session.headers["set-cookie"])?.split(separator: ";").first)
        #expect(session.status == 204)
        #expect(try server.ask("/api/session", headers: ["Cookie": "\(cookie)"]).text.contains(#""can_control":true"#))
        #expect(try server.ask("/api/runs/a/checkpoint", method: "POST", headers: ["Cookie": "\(cookie)"]).status == 202)
        try training.wait(for: "a checkpoint", every: 20_000) { !run.checkpoints().isEmpty }
        let step = try #require(run.checkpoints().first?.step)
        #expect(try server.ask("/api/runs/a/kernels?step=\(step)").text.contains(#""channels":3"#))
        #expect(try server.ask("/api/runs/a/stop", method: "POST", headers: bearer).status == 202)
        try training.waitUntilExit()
        #expect(training.terminationStatus == 0)
        #expect(try run.record().state == .interrupted)
        #expect(try server.ask("/api/runs/a/stop", method: "POST", headers: bearer).status == 409)
        // The commands are in the events of the run.
        #expect(run.events("command").count == 2)
        #expect(try server.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: server.tokenPath))
    }

    @Test func foreignHostsAndInvalidPathsAreRejected() throws {
        let runner = try CommandRunner()
        try FileManager.default.createDirectory(atPath: runner.path("runs"), withIntermediateDirectories: true)
        let server = try DashboardServer(runner)
        #expect(try server.ask("/api/runs", headers: ["Host": "elsewhere.example"]).status == 403)
        for path in [
            "/api/runs/..%2f..%2fetc", "/api/runs/%2e%2e/log", "/api/runs/none/metrics", "/../../etc/passwd", "/api/runs/.hidden/events",
        ] {
            #expect(try server.ask(path).status == 404, "\(path)")
        }
        for path in [
            "/api/runs/none/metrics?points=x", "/api/runs/none/metrics?points=0", "/api/runs/none/metrics?from=9&to=3", "/api/compare",
        ] {
            #expect(try server.ask(path).status == 400, "\(path)")
        }
        let page = try server.ask("/")
        #expect(
            page.status == 200 && page.text.contains("<html")
                && page.headers["content-security-policy"]?.contains("default-src 'self'") == true)
        let files = Repository.path("Sources/Dashboard/Page")
        for name in try FileManager.default.contentsOfDirectory(atPath: files) {
            let file = try String(contentsOfFile: files + "/" + name, encoding: .utf8)
            #expect(try server.ask("/" + name).text == file, "\(name)")
        }
        #expect(try server.ask("/api/session", method: "POST", body: String(repeating: "x", count: 100_000)).status == 413)
    }

    @Test func readingNeedsTheTokenWhenOtherHostsCanConnect() throws {
        let runner = try CommandRunner()
        try FileManager.default.createDirectory(atPath: runner.path("runs"), withIntermediateDirectories: true)
        let refused = try runner.run("dashboard", "--runs", runner.path("runs"), "--listen", "0.0.0.0:0")
        #expect(refused.code == 64 && refused.errors.contains("--insecure"))
        let server = try DashboardServer(runner, ["--listen", "0.0.0.0:0", "--insecure"])
        #expect(try server.ask("/").status == 200)
        #expect(try server.ask("/api/runs").status == 401)
        #expect(try server.ask("/api/session").text.contains(#""needs_token":true"#))
        #expect(try server.ask("/api/runs", headers: ["Authorization": "Bearer \(server.token)"]).status == 200)
    }

    @Test func commandsAndPrometheusReachACoordinator() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let training = try runner.start([
            "train", "--preset", "cifar10", "--data", data, "--steps", "100000", "--name", "a", "--metrics-listen", "127.0.0.1:0", "--set",
            "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=0", "validation.every=0",
        ])
        let said = try training.wait(forOutput: "/metrics\n")
        let line = try #require(said.split(separator: "\n").first { $0.hasSuffix("/metrics") }, "\(said)")
        let run = try waitForSteps(runner, 5, training)
        try training.wait(for: "a status with shares", every: 50_000) {
            run.status()?.processes.contains { $0.share != nil } == true
        }
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.dropLast("/metrics".count)) })
        let metrics = try HTTPAsker.ask(port: port, "/metrics").text
        #expect(metrics.contains(#"colonnade_step{run="a"} "#) && metrics.contains("# TYPE colonnade_worker_time_ratio gauge"))
        #expect(metrics.contains(#"role="store""#))

        #expect(try runner.run("runs", "checkpoint", "a").code == 0)
        try training.wait(for: "a checkpoint", every: 20_000) { !run.checkpoints().isEmpty }
        #expect(try runner.run("runs", "stop", "a").code == 0)
        try training.waitUntilExit()
        #expect(try run.record().state == .interrupted && run.record().coordinator == nil)
        #expect(try runner.run("runs", "stop", "a").code == 69)
    }
}
