import Foundation
import NeuralNetwork
import RunLog

/// Configurations, settings and what runs leave behind.
enum SettingsSeeds {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Every operation and stage, in two columns.
    private static let network = NetworkSpecification(
        input: .init(channels: 3, height: 12, width: 12), columns: 2,
        layers: [
            LayerSpecification(
                "conv", .convolution(.init(kernels: 4, size: 3, padding: 1)),
                then: [.relu, .normalization(.init()), .maxPooling(.init())]),
            LayerSpecification("local", .locallyConnected(.init(kernels: 4, size: 3)), reads: .all, then: [.tanh, .dropout(0.5)]),
            LayerSpecification("out", .innerProduct(.init(outputs: 3)), reads: .all),
        ])

    static func configurations() throws -> [(String, [UInt8])] {
        var recipe = Recipe()
        recipe.schedule.kind = .plateau
        recipe.precision = .bf16
        recipe.checkpoint.every = 10
        let named = [("every", network, recipe), ("small", CheckpointFiles.network, Recipe())]
        return try named.map { ($0, Array(try RunConfiguration(network: $1, recipe: $2).json())) }
    }

    static let files: [(String, [UInt8])] = [
        ("preset.yaml", bytes("preset: fashion\nbatch: 64\noptimizer: {learning_rate: 0.02, momentum: 0.9}\nschedule: {drops: [1800]}\n")),
        (
            "network.yaml",
            bytes(
                """
                network:
                  input: {channels: 3, height: 12, width: 12}
                  columns: 2
                  layers:
                    - name: conv1
                      convolution: {kernels: 4, size: 3, padding: 1}
                      then: [relu, normalization: {size: 5, k: 2, alpha: 1e-4, beta: 0.75}, max_pooling: {size: 3, stride: 2}]
                      weights: {deviation: 0.005}
                    - name: fc2
                      inner_product: {outputs: 10}
                data: {scale: 0.0156, shuffle: off}
                initialization: he

                """)
        ),
        ("anchors.yaml", bytes("preset: cifar10\noptimizer: &a {momentum: 0.8}\nschedule:\n  <<: {factor: 0.5}\n")),
        ("aliases.yaml", bytes("a: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]\n")),
    ]

    static let settings: [(String, [UInt8])] = [
        ("recipe", bytes("batch=64\noptimizer.learning_rate=0.005\nschedule.drops=[100, 200]\nprecision=bf16\nseed=7")),
        ("rules", bytes("validation.every=10\ncheckpoint={every: 5, keep: 2}\naugmentation.color=on\ndropout=0\nthreads=2")),
        ("misspelt", bytes("optimizer.learnin_rate=0.1")),
    ]

    static func checkpoints() throws -> [(String, [UInt8])] {
        [("state.json", Array(try Data(contentsOf: URL(fileURLWithPath: try CheckpointFiles.path.get() + "/state.json"))))]
    }

    static func records() throws -> [(String, [UInt8])] {
        let record = RunRecord(
            name: "run", run: "0123456789abcdef", started: "2026-01-01T00:00:00Z", steps: 10, dataset: "data",
            datasetFingerprint: "0123456789abcdef", imagesPerEpoch: 100, workers: 2,
            configuration: .object(["network": .null, "recipe": .array([.bool(true), .integer(1), .number(0.5), .string("a")])]))
        let encoder = JSONEncoder()
        let step = StepMetrics(
            step: 1, epoch: 0, loss: 2.3, learningRate: 0.01, imagesPerSecond: 100, seconds: 1, digest: "0123456789abcdef")
        let validation = ValidationMetrics(step: 1, epoch: 0, loss: 2.2, top1Error: 0.9, top5Error: 0.5)
        let metrics = try [UInt8](encoder.encode(step)) + [0x0A] + [UInt8](encoder.encode(validation)) + [0x0A]
        let timelines = try (0..<2).map { rank -> [UInt8] in
            try [UInt8](
                encoder.encode(
                    TimelineLine(
                        step: 1, role: "worker", rank: rank, origin: UInt64(100 + rank),
                        spans: [
                            .init(name: "conv1 to worker \(1 - rank)", kind: .send, start: 5, duration: 2),
                            .init(name: "conv1 from worker \(1 - rank)", kind: .exchange_wait, start: 9, duration: 4),
                        ])))
        }
        let lines: [UInt8] = timelines.flatMap { $0 + [0x0A] }
        return [("run", InputReader.part(Array(try encoder.encode(record))) + InputReader.part(metrics) + lines)]
    }
}
