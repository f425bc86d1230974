import Analysis
import ArgumentParser
import Datasets
import Foundation
import Kernels
import NeuralNetwork
import Partition
import Platform
import RunLog
import Settings
import Supervision
import Worker

/// `colonnade bench`: measures where time goes.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures kernels and whole steps on this machine.",
        subcommands: [KernelsBench.self, StepBench.self, UpdateBench.self, LinkBench.self, LogBench.self])
}

/// `colonnade bench kernels`: measures one worker's kernels alone.
struct KernelsBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Measures each kernel of one worker's program in isolation.")

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "Workers in the layout (default: one per column).") var workers: Int?
    @Option(help: "The worker whose kernels are measured.") var worker = 0
    @Option(help: "Images per step.") var batch: Int?
    @Option(help: "Passes to measure after one warm-up pass; the shortest time of each kernel is reported.") var passes = 3
    @Flag(help: "Run activations as separate kernels.") var unfused = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        var configuration = try options.resolve(for: nil)
        if let batch { configuration.recipe.batch = batch }
        try configuration.check()
        let workers = workers ?? configuration.network.columns
        let layout = try ColumnLayout(columns: configuration.network.columns, workers: workers)
        guard (0..<layout.workers).contains(worker), (1...1000).contains(passes) else {
            throw CommandFailure(
                CommandFailure.usage, "--worker must be from 0 to \(workers - 1), and --passes from 1 to 1000")
        }
        let lines = try KernelBenchmark.run(
            configuration, workers: workers, worker: worker, fuses: !unfused, passes: passes)
        if json { return Terminal.line(try Terminal.json(lines)) }
        let total = lines.reduce(0) { $0 + $1.milliseconds }
        var rows = [["kernel", "column", "ms", "GFLOP/s", "share"]]
        for line in lines where line.milliseconds > 0.01 {
            rows.append([
                "\(line.layer) \(line.operation)", "\(line.column)", Terminal.fixed(line.milliseconds, 2),
                line.gflops > 0 ? Terminal.fixed(line.gflops / line.milliseconds * 1e3, 0) : "",
                Terminal.percent(line.milliseconds / total),
            ])
        }
        let flops = lines.reduce(0) { $0 + $1.gflops }
        rows.append(["sum", "", Terminal.fixed(total, 2), Terminal.fixed(flops / total * 1e3, 0), ""])
        // Each pass computes one slice of the step.
        let images = configuration.recipe.sliceBatch
        Terminal.line("\(Engine.instructionSet), oneDNN \(Engine.libraryVersion), \(configuration.recipe.threads) threads, batch \(images)")
        Terminal.line(Terminal.table(rows))
        Terminal.line("\(Terminal.fixed(Double(images) / total * 1e3, 1)) images/s by kernels alone")
    }
}

/// `colonnade bench step`: measures whole steps with all processes, and compares them with the kernels alone.
struct StepBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Measures training steps, and the same kernels alone, with all workers running at once.")

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "Worker processes in all replicas together (default: one per column).") var workers: Int?
    @Option(help: "Replicas of the network; each computes its share of a step's slices (default: 1).") var replicas: Int?
    @Option(help: "Images per step.") var batch: Int?
    @Option(help: "fp32 or bf16.") var precision: String?
    @Option(help: "Steps to measure, after two warm-up steps.") var steps = 5
    @Option(help: ArgumentHelp("A packed data set (default: synthetic images).", valueName: "dir")) var data: String?
    @Option(help: "Where the parameter store runs.") var store = RunOptions.StorePlacement.embedded
    @Flag(help: "Print JSON.") var json = false

    struct Report: Encodable {
        let images_per_second: Double
        let kernel_images_per_second: Double
        let efficiency: Double
        /// The share of the workers' time spent waiting for other workers and for the store.
        let wait_share: Double
        let exchange_wait_share: Double
        let store_wait_share: Double
        let data_wait_share: Double
        let step_seconds: Double
        let batch: Int
        let replicas: Int
        let breakdown: [StepBreakdown.Line]
        let workers: [Process]
        let stores: [Process]
        let instruction_set: String
        let cpu: String

        struct Process: Encodable {
            let rank: Int
            let peak_bytes: Int
        }
    }

    func run() throws {
        var settings = options.set
        if let batch { settings.append("batch=\(batch)") }
        if let precision { settings.append("precision=\(precision)") }
        var resolving = options
        resolving.set = settings
        var configuration = try resolving.resolve(for: data.map { try Dataset(path: $0).manifest })
        let layout = try configuration.resolveLayout(workers: workers, replicas: replicas)
        settings.append("slices=\(configuration.recipe.slices)")
        guard (1...1_000_000).contains(steps) else { throw CommandFailure(CommandFailure.usage, "--steps must be from 1 to 1000000") }
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-bench-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: scratch, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let shared = arguments(settings: settings)

        // `bound` is what the figures are compared with. `alone` has the kernels that the steps run, for the breakdown.
        let bound = try measureKernels(shared, ["--unfused", "--set", "winograd=off"], layout, scratch: scratch)
        let alone = try measureKernels(shared, [], layout, scratch: scratch)
        let record = try measureSteps(shared, configuration, layout, scratch: scratch)
        // Each pass computes one slice of the step.
        let passes = configuration.recipe.slices / layout.replicas
        let report = try self.report(
            RunDirectory(scratch + "/bench"), record,
            kernels: Double(passes) * (bound.map { $0.reduce(0) { $0 + $1.milliseconds } / 1e3 }.max() ?? 0), alone: alone,
            passes: passes, batch: configuration.recipe.batch)
        Terminal.line(json ? try Terminal.json(report) : text(report))
    }

    private func arguments(settings: [String]) -> [String] {
        var result: [String] = []
        if let preset = options.preset { result += ["--preset", preset] }
        if let config = options.config { result += ["--config", config] }
        if let columns = options.columns { result += ["--columns", "\(columns)"] }
        if let threads = options.threads { result += ["--threads", "\(threads)"] }
        for setting in settings { result += ["--set", setting] }
        return result
    }

    /// Measures the kernels of every worker, with all workers running at once.
    private func measureKernels(
        _ shared: [String], _ extra: [String], _ layout: ColumnLayout, scratch: String
    ) throws -> [[KernelBenchmark.Line]] {
        let each = layout.workersPerReplica
        let children = try (0..<layout.workers).map { worker in
            try ChildProcess(
                name: "kernels \(worker)",
                arguments: ["bench", "kernels", "--workers", "\(each)", "--worker", "\(worker % each)", "--json"] + shared + extra,
                logPath: "\(scratch)/kernels-\(extra.count)-\(worker).json")
        }
        for child in children { child.end(within: 3600, by: nil) }
        return try children.map { child in
            guard child.exitCode == 0, let data = FileManager.default.contents(atPath: child.logPath!) else {
                throw CommandFailure(CommandFailure.software, child.lastWords ?? "\(child.name) failed")
            }
            return try JSONDecoder().decode([KernelBenchmark.Line].self, from: data)
        }
    }

    private func measureSteps(
        _ shared: [String], _ configuration: RunConfiguration, _ layout: ColumnLayout, scratch: String
    ) throws -> RunRecord {
        var path = data
        if path == nil {
            let (input, batch) = (configuration.network.input, configuration.recipe.batch)
            path = scratch + "/made"
            try SyntheticImages.pack(
                into: path!, channels: input.channels, height: input.height, width: input.width,
                classes: configuration.network.classes, train: max(4 * batch, configuration.network.classes), validation: 1)
        }
        let child = try ChildProcess(
            name: "train",
            arguments: ["train"] + shared + [
                "--workers", "\(layout.workers)", "--replicas", "\(layout.replicas)", "--data", path!, "--steps", "\(steps + 2)",
                "--runs", scratch, "--name", "bench", "--store", store.rawValue, "--trace-every", "1", "--set", "validation.every=0",
                "checkpoint.every=0", "schedule.kind=drops",
            ], logPath: "\(scratch)/train.log")
        child.end(within: 7 * 86400, by: nil)
        guard child.exitCode == 0 else {
            throw CommandFailure(CommandFailure.software, child.lastWords ?? "the measurement run failed")
        }
        return try RunDirectory(scratch + "/bench").record()
    }

    private func report(
        _ run: RunDirectory, _ record: RunRecord, kernels: Double, alone: [[KernelBenchmark.Line]], passes: Int, batch: Int
    ) throws -> Report {
        let times = try run.metrics().compactMap { if case .step(let step) = $0, step.step > 2 { step.seconds } else { nil } }
            .sorted()
        let median = times[times.count / 2]
        let lines = record.work ?? []
        let busy = lines.filter { $0.role == "worker" }
        let total = max(busy.reduce(0) { $0 + $1.seconds }, 1e-9)
        func share(_ path: KeyPath<RunRecord.Work, Double>) -> Double { busy.reduce(0) { $0 + $1[keyPath: path] } / total }
        func processes(_ role: String) -> [Report.Process] {
            lines.filter { $0.role == role }.map { .init(rank: $0.rank, peak_bytes: $0.peak_bytes) }
        }
        let (exchange, store) = (share(\.exchange_wait), share(\.store_wait))
        return Report(
            images_per_second: Double(batch) / median, kernel_images_per_second: Double(batch) / kernels,
            efficiency: kernels / median, wait_share: exchange + store, exchange_wait_share: exchange,
            store_wait_share: store, data_wait_share: share(\.data_wait), step_seconds: median, batch: batch,
            replicas: record.replicas ?? 1,
            breakdown: StepBreakdown(run.timelines().filter { $0.step > 2 }, step: median, alone: alone, passes: passes).lines,
            workers: processes("worker"), stores: processes("store"), instruction_set: Engine.instructionSet,
            cpu: HostIdentity.cpuModel)
    }

    private func text(_ report: Report) -> String {
        var rows = [
            ["images/s", Terminal.fixed(report.images_per_second, 1)],
            ["images/s by kernels alone", Terminal.fixed(report.kernel_images_per_second, 1)],
            ["efficiency", Terminal.percent(report.efficiency)],
            ["waiting for other workers", Terminal.percent(report.exchange_wait_share)],
            ["waiting for the store", Terminal.percent(report.store_wait_share)],
            ["waiting for images", Terminal.percent(report.data_wait_share)],
            ["step", "\(Terminal.fixed(report.step_seconds * 1e3, 1)) ms"],
        ]
        rows += report.workers.map { ["worker \($0.rank), memory", Terminal.bytes($0.peak_bytes)] }
        rows += report.stores.map { ["store \($0.rank), memory", Terminal.bytes($0.peak_bytes)] }
        return "\(report.cpu), \(report.instruction_set)\n" + Terminal.table(rows) + "\n\n"
            + StepBreakdown.text(report.breakdown, step: report.step_seconds)
    }
}
