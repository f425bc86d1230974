import Foundation
import RunLog
import TestSupport
import Testing

/// Predictions of `plan`, and of runs before they train.
@Suite(.serialized) struct PlanTests {
    private struct Document: Decodable {
        struct Prediction: Decodable {
            struct Limit: Decodable { let what: String; let gain: Double }
            struct Layout: Decodable { let workers: Int; let replicas: Int; let workers_of_hosts: [Int]; let images_per_second: Double }
            struct Link: Decodable { let host: String; let busy: Double }
            let basis: String
            let images_per_second: Double
            let limits: [Limit]
            let layouts: [Layout]
            let links: [Link]
            let another_host: Layout?
        }
        let replicas: Int
        let prediction: Prediction?
    }

    private func plan(_ runner: CommandRunner, _ arguments: [String]) throws -> Document {
        let result = try runner.run(["plan", "--json"] + arguments)
        #expect(result.code == 0, "\(result.errors)")
        return try JSONDecoder().decode(Document.self, from: Data(result.output.utf8))
    }

    @Test func aPredictionNamesTheSlowConnection() throws {
        let runner = try CommandRunner()
        let hosts = """
            defaults: {workers: 1, bandwidth: 100Gbit/s, latency: 5us}
            hosts:
              - {name: first, ssh: first}
              - {name: second, ssh: second, bandwidth: 200Mbit/s}
            """
        try runner.write(hosts, to: "hosts.yaml")
        let options = ["--preset", "alexnet", "--device", "gtx580", "--hosts", "hosts.yaml"]
        let document = try plan(runner, options + ["--workers", "2"])
        let prediction = try #require(document.prediction)
        #expect(prediction.basis == "modelled: gtx580")
        #expect(prediction.limits.first?.what == "the connection of second")
        #expect(prediction.links.map(\.host) == ["first", "second"] && prediction.links[1].busy > 0.3)
        let text = try runner.run(["plan"] + options + ["--workers", "2"])
        #expect(text.output.contains("limited by the connection of second"))
        #expect(text.output.contains("another like second would gain nothing"))
        // Two replicas need another host and slices.
        let replicated = try plan(runner, options + ["--set", "slices=2"])
        #expect(replicated.prediction?.another_host?.workers_of_hosts.count == 3)
        #expect(replicated.prediction?.layouts.contains { $0.replicas == 2 } == true)
    }

    @Test func impossiblePlansAreRefused() throws {
        let runner = try CommandRunner()
        func refused(_ arguments: String..., words: String) throws {
            let result = try runner.run(["plan", "--preset", "cifar10"] + arguments)
            #expect(result.code != 0)
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        try refused("--device", "nonsense", words: "name one of gtx580")
        try refused("--workers", "3", words: "use 1 to 2 workers")
        try refused("--replicas", "3", "--set", "slices=2", "batch=12", words: "3 replicas cannot share 2 slices")
        try refused("--replicas", "0", words: "there cannot be 0 replicas")
        try refused("--replicas", "\(Int.max)", "--set", "slices=2", words: "there cannot be")
        try refused("--bandwidth", "fast", words: "bandwidth")
        try runner.write("name: x\nflops: -1\nmemory_bandwidth: 1\nlaunch: 0\npeer_bandwidth: 1e9\n", to: "device.yaml")
        try refused("--device", "./device.yaml", words: "flops")
        try runner.write("hosts: [{name: a, ssh: a, bandwidth: quick}]", to: "hosts.yaml")
        try refused("--hosts", "hosts.yaml", words: "10Gbit/s")
        let unknown = try runner.run("plan", "--preset", "cifar10")
        #expect(unknown.code == 0 && unknown.output.contains("--measure"))
    }

    @Test func theKernelTimesOfARunPredictTheNextOne() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        func train(_ name: String) throws -> RunRecord {
            let result = try runner.run(
                "train", "--preset", "cifar10", "--data", data, "--steps", "24", "--name", name, "--set", "batch=16",
                "optimizer.learning_rate=0.001", "checkpoint.every=0", "validation.every=100")
            #expect(result.code == 0, "\(result.errors)")
            return try runner.runDirectory(name).record()
        }
        // Nothing is known before the first run.
        #expect(try train("first").prediction == nil)
        let prediction = try #require(try train("second").prediction)
        #expect(prediction.images_per_second > 0 && prediction.measured_images_per_second > 0)
        #expect(abs(prediction.images_per_second / prediction.measured_images_per_second - 1 - prediction.error) < 1e-9)
        #expect(prediction.basis.contains("run first") || prediction.basis.contains("run second"))
        #expect(runner.runDirectory("second").events("prediction").contains { $0.facts["measured"] != nil })
        #expect(try runner.run("runs", "show", "runs/second").output.contains("images/s, predicted"))
        let planned = try plan(runner, ["--preset", "cifar10", "--data", data, "--set", "batch=16"])
        #expect(planned.prediction?.basis.contains("as in run") == true)
    }

    @Test func kernelsAreMeasuredOnRequest() throws {
        let runner = try CommandRunner()
        let document = try plan(runner, ["--preset", "cifar10", "--set", "batch=16", "slices=2", "--replicas", "2", "--measure"])
        #expect(document.replicas == 2)
        #expect(document.prediction?.basis.hasPrefix("measured 20") == true)
        // The measurement is kept.
        #expect(try plan(runner, ["--preset", "cifar10", "--set", "batch=16", "slices=2", "--replicas", "2"]).prediction != nil)
    }
}
