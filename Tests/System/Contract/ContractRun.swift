import Foundation
import TestSupport
import Testing

/// A short run named `a` on a data set named `data`, beside an image named `a.png`.
enum ContractRun {
    static let checkpoint = "runs/a/checkpoints/step-00000006"
    static let options = ["train", "--preset", "cifar10", "--data", "data", "--set", "batch=16", "optimizer.learning_rate=0.001"]

    static func make() throws -> CommandRunner {
        let runner = try CommandRunner()
        _ = try runner.makeData()
        let image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        try #require(Data(base64Encoded: image)).write(to: URL(fileURLWithPath: runner.path("a.png")))
        let result = try runner.run(
            options + [
                "validation.every=3", "checkpoint.every=3", "checkpoint.minutes=60", "--name", "a", "--steps", "6", "--trace-every", "2",
                "--norms-every", "2",
            ])
        #expect(result.code == 0, "\(result.errors)")
        return runner
    }
}
