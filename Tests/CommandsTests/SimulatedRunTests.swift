import Foundation
import RunLog
import Testing

/// Runs on modelled accelerators.
@Suite(.serialized) struct SimulatedRunTests {
    private struct Plan: Decodable {
        struct Prediction: Decodable { let step_seconds: Double }
        let prediction: Prediction
    }

    @Test func kernelsTakeWhatTheModelSaysAndEverythingElseIsReal() throws {
        let runner = try CommandRunner()
        try Data("name: slow\nflops: 1e12\nmemory_bandwidth: 1e12\nlaunch: 1e-5\npeer_bandwidth: 1e12\n".utf8)
            .write(to: URL(fileURLWithPath: runner.path("slow.yaml")))
        let network = ["--preset", "cifar10", "--workers", "2"]
        let planned = try runner.run(["plan", "--json", "--device", "./slow.yaml"] + network)
        let expected = try JSONDecoder().decode(Plan.self, from: Data(planned.output.utf8)).prediction.step_seconds
        // Without data: nobody looks at pictures.
        let result = try runner.run(
            ["train", "--device", "simulated:./slow.yaml,dilation=20", "--steps", "6", "--name", "simulated"] + network)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("simulated: kernels take what slow would, 20 times as long"))
        let directory = RunDirectory(runner.path("runs/simulated"))
        let record = try directory.record()
        #expect(record.state == .finished && record.device == "slow would, 20 times as long" && record.prediction == nil)
        let steps = try directory.metrics().compactMap { if case .step(let step) = $0 { step } else { nil } }
        #expect(steps.count == 6)
        // No kernel takes less than its time. What waits for others take on top is this machine's.
        let kernels = expected * 20 * 0.9
        for step in steps.dropFirst(2) { #expect(step.seconds > kernels / 2) }
        #expect(steps.map(\.seconds).reduce(0, +) > kernels * 3)
        // Stores update real tensors.
        #expect(Set(steps.map(\.digest)).count == 6)
    }

    @Test func whatIsNoDeviceIsRefused() throws {
        let runner = try CommandRunner()
        func refused(_ device: String, words: String) throws {
            let result = try runner.run("train", "--preset", "cifar10", "--steps", "1", "--device", device)
            #expect(result.code == 64, "\(result.errors)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        try refused("a100", words: "simulated:NAME")
        try refused("simulated:nothing", words: "there are gtx580")
        try refused("simulated:a100,dilation=much", words: "dilation=500")
        try refused("simulated:a100,dilation=0.5", words: "from 1 to 1,000,000")
    }
}
