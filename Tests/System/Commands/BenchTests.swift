import Foundation
import TestSupport
import Testing

/// `bench step` measures whole steps and their kernels.
@Suite(.serialized) struct BenchTests {
    private struct Report: Decodable {
        struct Process: Decodable { let peak_bytes: Int }
        struct Line: Decodable {
            let process: String
            let name: String
            let kind: String
            let alone_milliseconds: Double?
        }
        let images_per_second: Double
        let kernel_images_per_second: Double
        let efficiency: Double
        let wait_share: Double
        let step_seconds: Double
        let replicas: Int
        let breakdown: [Line]
        let workers: [Process]
        let stores: [Process]
    }

    /// Two columns on two workers, then on one worker in each of two replicas, then the latter with two slices for each worker.
    @Test(arguments: [(1, []), (2, []), (2, ["--set", "slices=4"])] as [(Int, [String])])
    func everyKernelOfAStepIsMeasuredAlone(replicas: Int, settings: [String]) throws {
        let runner = try CommandRunner()
        let result = try runner.run(
            [
                "bench", "step", "--preset", "fashion", "--workers", "2", "--replicas", "\(replicas)", "--batch", "16", "--steps", "3",
                "--json",
            ] + settings)
        #expect(result.code == 0, "\(result.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        #expect(report.replicas == replicas)
        #expect(abs(report.images_per_second * report.step_seconds - 16) < 1e-6)
        #expect(abs(report.efficiency - report.images_per_second / report.kernel_images_per_second) < 1e-6)
        #expect((0...1).contains(report.wait_share))
        #expect(report.workers.count == 2 && report.workers.allSatisfy { $0.peak_bytes > 1 << 20 } && report.stores.count == 1)
        for worker in ["worker 0", "worker 1"] {
            let kernels = report.breakdown.filter { $0.process == worker && $0.kind == "compute" }
            // The worker of a replica has both columns.
            #expect(kernels.contains { $0.name == "conv1 output (column 1)" } == (replicas == 2))
            #expect(kernels.allSatisfy { $0.alone_milliseconds ?? 0 > 0 }, "\(kernels.filter { $0.alone_milliseconds == nil }.map(\.name))")
        }
    }

    @Test func impossibleLayoutsAreRefused() throws {
        let runner = try CommandRunner()
        func refused(_ arguments: String..., words: String) throws {
            let result = try runner.run(["bench", "step", "--preset", "fashion"] + arguments)
            #expect(result.code != 0)
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        try refused("--workers", "3", words: "use 1 to 2 workers")
        try refused("--replicas", "0", words: "there cannot be 0 replicas")
        try refused("--replicas", "2", "--workers", "3", words: "cannot be divided into 2 replicas of the same size")
        try refused("--replicas", "2", "--set", "slices=3", "batch=12", words: "2 replicas cannot share 3 slices")
        try refused("--replicas", "3", "--batch", "16", words: "divide the batch of 16")
    }
}
