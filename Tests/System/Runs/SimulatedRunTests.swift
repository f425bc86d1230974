import Foundation
import RunLog
import TestSupport
import Testing

/// Runs on simulated accelerators.
@Suite(.serialized) struct SimulatedRunTests {
    private struct Plan: Decodable {
        struct Prediction: Decodable { let step_seconds: Double }
        let prediction: Prediction
    }

    @Test func kernelsTakeTheModelledTimeAndEverythingElseIsReal() throws {
        let runner = try CommandRunner()
        try runner.write("name: slow\nflops: 1e12\nmemory_bandwidth: 1e12\nlaunch: 1e-5\npeer_bandwidth: 1e12\n", to: "slow.yaml")
        let network = ["--preset", "cifar10", "--workers", "2"]
        let planned = try runner.run(["plan", "--json", "--device", "./slow.yaml"] + network)
        let expected = try JSONDecoder().decode(Plan.self, from: Data(planned.output.utf8)).prediction.step_seconds
        // No data set is needed, because no image is read.
        let result = try runner.run(
            ["train", "--device", "simulated:./slow.yaml,dilation=20", "--steps", "6", "--name", "simulated"] + network)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("simulated: kernels take what slow would, 20 times as long"))
        let directory = runner.runDirectory("simulated")
        let record = try directory.record()
        #expect(record.state == .finished && record.device == "slow would, 20 times as long" && record.prediction == nil)
        let steps = directory.steps
        #expect(steps.count == 6)
        // No kernel takes less than its modelled time. Waiting takes additional time, which depends on this machine.
        let kernels = expected * 20 * 0.9
        for step in steps.dropFirst(2) { #expect(step.seconds > kernels / 2) }
        #expect(steps.map(\.seconds).reduce(0, +) > kernels * 3)
        // Stores update real tensors.
        #expect(Set(steps.map(\.digest)).count == 6)
    }

    @Test func unknownDevicesAreRefused() throws {
        let runner = try CommandRunner()
        func refused(_ device: String, words: String) throws {
            let result = try runner.run("train", "--preset", "cifar10", "--steps", "1", "--device", device)
            #expect(result.code == 64, "\(result.errors)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        try refused("a100", words: "simulated:NAME")
        try refused("simulated:nothing", words: "name one of gtx580")
        try refused("simulated:a100,dilation=much", words: "dilation=500")
        try refused("simulated:a100,dilation=0.5", words: "from 1 to 1,000,000")
    }
}
