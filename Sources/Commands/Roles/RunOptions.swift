import ArgumentParser
import Coordinator
import Datasets
import Foundation
import NeuralNetwork
import Partition
import Prediction
import RunLog
import Security
import Tensors
import Worker

/// The options of `train` and `coordinator`.
struct RunOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: ArgumentHelp("A packed data set (see `colonnade data import`).", valueName: "dir"), completion: .directory)
    var data: String?

    @Option(help: "Worker processes in all replicas together, over which the columns are distributed (default: one per column).")
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "Replicas of the network; each computes its share of a step's slices (default: 1). If the settings do not state `slices`, "
                + "there are as many slices as replicas."))
    var replicas: Int?

    @Option(help: "Train this many steps.")
    var steps: Int?

    @Option(help: "Train this many passes over the training set.")
    var epochs: Int?

    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory)
    var runs = "runs"

    @Option(help: "The run's name (default: date and time).")
    var name: String?

    @Option(help: ArgumentHelp("Continue a run from its last checkpoint.", valueName: "run"), completion: .runs)
    var resume: String?

    @Flag(
        help: ArgumentHelp(
            "Continue the run of --name if it has begun, and do nothing if it is finished. For schedulers, which start the same command "
                + "repeatedly."))
    var resumeIfBegun = false

    @Option(
        help: ArgumentHelp(
            "Start from a trained network's values; its last layer may have another number of classes.",
            valueName: "checkpoint"), completion: .directory)
    var initialize: String?

    @Option(
        help: ArgumentHelp(
            "Where the parameter store runs: embedded in the coordinator's process and, on other hosts, in a worker's; or in "
                + "processes of its own."))
    var store = StorePlacement.embedded

    @Option(help: ArgumentHelp("Record a timeline of every process in each n-th step, in timeline.jsonl.", valueName: "n"))
    var traceEvery = 0

    @Option(help: ArgumentHelp("Record the norms of weights and updates in each n-th step; 0 records none.", valueName: "n"))
    var normsEvery = 100

    @Option(
        help: ArgumentHelp(
            "Serve metrics for Prometheus at this address, under /metrics; port 0 uses a free port.", valueName: "address:port"))
    var metricsListen: String?

    @Option(
        help: ArgumentHelp(
            "A file of mode 0600 with the bearer token that readers of the metrics must present; needed unless on loopback.",
            valueName: "file"))
    var metricsTokenFile: String?

    @Flag(help: "Admit workers beyond --workers between two steps, if they make a larger layout possible (docs/reliability.md).")
    var elastic = false

    @Option(
        help: ArgumentHelp(
            "The time from the first waiting worker to the step at which it is admitted, and the shortest time between two such changes. "
                + "Workers that join meanwhile are admitted with it.",
            valueName: "seconds"))
    var elasticInterval: Double = 10

    @Option(help: ArgumentHelp("How long to wait for workers to join.", valueName: "seconds"))
    var joinTimeout: Double = 600

    @Option(help: "With --store process, the number of store processes to wait for.")
    var stores = 1

    @Option(help: "How many failures in a row may take the run back to the same step, or to the same checkpoint.")
    var restarts = 5

    @Option(
        help: ArgumentHelp(
            "How long a process may be silent, or at one instruction, before it can be considered hung; longer if its own history "
                + "suggests it.",
            valueName: "seconds"))
    var patience: Double = 5

    @Option(
        help: ArgumentHelp(
            "Bandwidth between hosts in each direction, for the prediction that the run is compared with (default: 10Gbit/s).",
            valueName: "rate"))
    var bandwidth: Bandwidth?

    @Option(help: ArgumentHelp("Latency from a host to the network, for the same prediction (default: 25us).", valueName: "time"))
    var latency: Latency?

    @Option(
        help: ArgumentHelp(
            "Simulate a run: instead of computing, workers wait as long as a modelled accelerator would compute, as in "
                + "simulated:a100,dilation=500; nothing is trained.",
            valueName: "device"), transform: SimulatedRun.device)
    var device: SimulatedDevice?

    @OptionGroup var stopped: StoppedOption
    @OptionGroup var security: SecurityOptions

    /// Set by `train` when it restarts a run: what ended the run.
    @Option(help: .hidden) var restartReason: String?

    enum StorePlacement: String, ExpressibleByArgument, CaseIterable { case embedded, process }

    /// The resolved and checked options, before anything is started or written.
    struct Settled {
        var plan: RunPlan
        let dataset: Dataset
        /// The run that is continued.
        let resumed: RunDirectory?
    }

    /// Resolves and checks the options.
    /// - Throws: `CommandFailure` for invalid options, and errors of the data set, the checkpoint or the configuration.
    func settle(listen: SocketAddress) throws -> Settled {
        guard resume == nil || initialize == nil else {
            throw CommandFailure(CommandFailure.usage, "a resumed run has its own values; leave out --initialize")
        }
        guard steps == nil || epochs == nil else {
            throw CommandFailure(CommandFailure.usage, "--steps and --epochs exclude each other; give one")
        }
        let year = 31_536_000.0
        guard (1...year).contains(patience) else {
            throw CommandFailure(CommandFailure.usage, "--patience must be a number of seconds, at least 1, not \(patience)")
        }
        for (option, value) in [("--elastic-interval", elasticInterval), ("--join-timeout", joinTimeout)]
        where !(0...year).contains(value) {
            throw CommandFailure(CommandFailure.usage, "\(option) must be a number of seconds, not \(value)")
        }
        for (option, value) in [("--restarts", restarts), ("--trace-every", traceEvery), ("--norms-every", normsEvery)] where value < 0 {
            throw CommandFailure(CommandFailure.usage, "\(option) must not be negative")
        }
        _ = try metricsEndpoint()
        for (option, value) in [
            ("--steps", steps), ("--epochs", epochs), ("--workers", workers), ("--replicas", replicas), ("--stores", stores),
        ] {
            if let value, !(1...1_000_000_000).contains(value) {
                throw CommandFailure(CommandFailure.usage, "\(option) must be at least 1, not \(value)")
            }
        }
        let resumed = try resume.map { try RunDirectory.find($0, runs: runs) }
        let record = try resumed?.record()
        let found = try resumed.map { try Self.lastCheckpoint($0) }
        let checkpoint = found?.checkpoint
        let dataset: Dataset
        if let path = data ?? record?.dataset {
            dataset = try Dataset(path: path)
        } else if device != nil {
            dataset = try SimulatedRun.placeholderData(for: self.configuration.resolve(for: nil).network)
        } else {
            throw CommandFailure(
                CommandFailure.usage, "no data set is given; name one with --data DIR, and make it with `colonnade data import`")
        }
        let path = dataset.path
        var configuration: RunConfiguration
        if let checkpoint {
            configuration = try continued(checkpoint.state.configuration)
            guard checkpoint.state.dataset_fingerprint == dataset.manifest.fingerprint else {
                throw CommandFailure(
                    CommandFailure.data,
                    "\(path) has the fingerprint \(dataset.manifest.fingerprint), but the run was trained on "
                        + "\(checkpoint.state.dataset_fingerprint); name its data set with --data")
            }
        } else {
            configuration = try self.configuration.resolve(for: dataset.manifest)
        }
        guard dataset.manifest.classes.count <= configuration.network.classes else {
            throw NetworkError(
                "\(path) has \(dataset.manifest.classes.count) classes, but the network has only \(configuration.network.classes) outputs")
        }
        if device != nil { SimulatedRun.turnOffEvaluation(in: &configuration.recipe) }
        _ = try BatchPreparer(dataset: dataset, settings: .init(configuration))
        let layout = try layout(configuration, record)
        // A step has one slice by default; each replica needs at least one.
        if checkpoint == nil, configuration.recipe.slices == 1 { configuration.recipe.slices = layout.replicas }
        try configuration.check()
        _ = try GradientTree(slices: configuration.recipe.slices, replicas: layout.replicas)
        let images = dataset.count(.train)
        let total = steps ?? epochs.map { Self.steps(epochs: $0, images: images, configuration.recipe.batch) }
        let base = checkpoint?.state.step ?? 0
        let last = total ?? record?.steps ?? (90 * images + configuration.recipe.batch - 1) / configuration.recipe.batch
        // A run that failed after its last checkpoint may lack the last validation, and always lacks its end.
        guard last > base || last == base && record.map({ $0.state != .finished }) == true else {
            throw CommandFailure(
                CommandFailure.usage,
                "the run has reached step \(base) already; extend it with --steps \(base + 1000), for example")
        }
        var plan = RunPlan(
            configuration: configuration, layout: layout, steps: last,
            datasetPath: URL(fileURLWithPath: path).standardizedFileURL.path,
            datasetFingerprint: dataset.manifest.fingerprint, classes: dataset.manifest.names, imagesPerEpoch: images,
            mean: dataset.mean, stored: [dataset.manifest.channels, dataset.manifest.height, dataset.manifest.width],
            listen: listen)
        plan.start = try checkpoint.map { .resumed($0) } ?? initialize.map { .trained(try Checkpoint(path: $0)) }
        _ = try plan.start?.drawn(configuration)
        if let resumed {
            // Nothing is validated before the first step.
            plan.isBaseValidated = base == 0
            MetricsIndex(resumed).forEach {
                guard $0.kind == .validation, $0.step <= base else { return }
                plan.earlierErrors.append($0.figures[1])
                if $0.step == base { plan.isBaseValidated = true }
            }
        }
        (plan.joinPatience, plan.patience, plan.restarts) = (joinTimeout, patience, restarts)
        (plan.isElastic, plan.elasticInterval) = (elastic, elasticInterval)
        (plan.restartReason, plan.passedOver) = (restartReason, found?.passedOver ?? [])
        (plan.traceInterval, plan.normsInterval) = (traceEvery, normsEvery)
        plan.device = device
        plan.tracedSteps = Set(RunForecast.tracedSteps.map { base + $0 })
        return Settled(plan: plan, dataset: dataset, resumed: resumed)
    }

    /// Returns the address on which metrics are served, and the token that readers must present.
    func metricsEndpoint() throws -> (address: SocketAddress?, token: String?) {
        let address = try metricsListen.map { try SocketAddress(parsing: $0) }
        guard address?.isLoopback ?? true || metricsTokenFile != nil else {
            throw CommandFailure(
                CommandFailure.usage, "\(address!) is reachable from other hosts; name a token with --metrics-token-file")
        }
        return (address, try metricsTokenFile.map { try PrivateToken.read($0) })
    }

    /// Returns the requested layout, or a resumed run's; otherwise one worker for each column of each replica.
    private func layout(_ configuration: RunConfiguration, _ record: RunRecord?) throws -> ColumnLayout {
        let columns = configuration.network.columns
        if replicas == nil, let record, let before = record.replicas {
            // The requested workers may be too few for the earlier number of replicas.
            if let layout = try? ColumnLayout(columns: columns, workers: workers ?? record.workers, replicas: before) { return layout }
        }
        let recorded = replicas == nil ? record?.workers : nil
        return try .asked(columns: columns, workers: workers ?? recorded, replicas: replicas)
    }

    /// The arguments, besides the run, of a coordinator that resumes this run: the run's record has the rest.
    var argumentsForRestart: [String] {
        ["--store", store.rawValue, "--stores", "\(stores)", "--trace-every", "\(traceEvery)", "--norms-every", "\(normsEvery)",
         "--join-timeout", "\(joinTimeout)", "--patience", "\(patience)", "--restarts", "\(restarts)",
         "--elastic-interval", "\(elasticInterval)"]
            + (elastic ? ["--elastic"] : []) + (metricsListen.map { ["--metrics-listen", $0] } ?? [])
            + (metricsTokenFile.map { ["--metrics-token-file", $0] } ?? []) + (bandwidth?.arguments("--bandwidth") ?? [])
            + (latency?.arguments("--latency") ?? []) + stopped.arguments + security.arguments
            // The original layout, not one that the run has changed to: other workers may not come back.
            + (workers.map { ["--workers", "\($0)"] } ?? []) + (replicas.map { ["--replicas", "\($0)"] } ?? [])
    }

    /// Returns a resumed run's configuration. The network stays; only the recipe's settings may change.
    private func continued(_ old: RunConfiguration) throws -> RunConfiguration {
        guard configuration.preset == nil, configuration.config == nil, configuration.columns == nil else {
            throw CommandFailure(
                CommandFailure.usage, "a resumed run keeps its network; leave out --preset, --config and --columns")
        }
        var tree = try SettingsTree(old.recipe)
        for assignment in configuration.set { try tree.set(assignment) }
        var recipe = try tree.recipe()
        if let threads = configuration.threads { recipe.threads = threads }
        let result = RunConfiguration(network: old.network, recipe: recipe)
        try result.check()
        return result
    }

    /// Returns the newest intact checkpoint, and why newer ones are not used.
    private static func lastCheckpoint(_ run: RunDirectory) throws -> (checkpoint: Checkpoint, passedOver: [String]) {
        var passedOver: [String] = []
        var first: (any Error)?
        for candidate in run.checkpoints().reversed() {
            do { return (try Checkpoint(path: candidate.path), passedOver) } catch {
                passedOver.append("\(CommandFailure(error)?.description ?? "\(error)"); an older one is used")
                first = first ?? error
            }
        }
        if let first { throw first }
        throw CommandFailure(CommandFailure.noInput, "\(run.path) has no checkpoint to continue from; start a new run")
    }

    /// Creates the run's directory and record, or reopens those of the resumed run.
    func open(_ settled: Settled, directory: RunDirectory?, run: UInt64) throws -> RunWriter {
        let plan = settled.plan
        let json = try JSONDecoder().decode(JSONValue.self, from: plan.configuration.json())
        if let resumed = settled.resumed {
            var record = try resumed.record()
            (record.state, record.reason, record.ended, record.processes) = (.running, nil, nil, [])
            (record.run, record.steps, record.workers, record.configuration) = (
                Digest.text(run), plan.steps, plan.workers, json
            )
            (record.dataset, record.replicas) = (plan.datasetPath, plan.layout.replicas == 1 ? nil : plan.layout.replicas)
            return try RunWriter(resumed, record: record, keeping: plan.baseStep)
        }
        let directory = try directory ?? RunDirectory.create(runs: runs, name: name)
        var record = RunRecord(
            name: directory.name, run: Digest.text(run), started: RunWriter.now, steps: plan.steps,
            dataset: plan.datasetPath, datasetFingerprint: plan.datasetFingerprint,
            imagesPerEpoch: plan.imagesPerEpoch, workers: plan.workers, initializedFrom: plan.start?.checkpoint.path,
            configuration: json)
        record.replicas = plan.layout.replicas == 1 ? nil : plan.layout.replicas
        record.device = device?.words
        // A run that failed before its first checkpoint starts again in the same directory.
        return try RunWriter(directory, record: record, keeping: 0)
    }
}
