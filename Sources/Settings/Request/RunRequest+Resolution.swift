package import Coordinator
package import Datasets
import Foundation
import NeuralNetwork
import Partition
import Platform
import Prediction
import Protocol
package import RunLog
package import Security
import Tensors
import Transport
import Worker

extension RunRequest {
    /// The steps traced in every run, counted from its start, when caches and memory are warm. A kernel is slow now and then,
    /// so there are several.
    package static let tracedSteps = [4, 6, 8, 10, 12]

    /// The resolved and checked options, before anything is started or written.
    package struct ResolvedRun: Sendable {
        package var plan: RunPlan
        package let dataset: Dataset
        /// The run that is continued.
        package let resumed: RunDirectory?
    }

    /// Resolves and checks the options.
    /// - Throws: `CommandFailure` for invalid options, and errors of the data set, the checkpoint or the configuration.
    package func resolve(listen: SocketAddress) throws -> ResolvedRun {
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
        for (option, value) in [
            ("--elastic-interval", elasticInterval), ("--join-timeout", joinTimeout), ("--shrink-after", shrinkAfter),
        ]
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
        let former = takesOver ? resumed ?? directory.map { RunDirectory($0) } : nil
        let formerRecord = former.flatMap { try? $0.record() }
        let layout = try layout(configuration, record, former: formerRecord)
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
            dataset: RunDataset(
                path: URL(fileURLWithPath: path).standardizedFileURL.path, fingerprint: dataset.manifest.fingerprint,
                classes: dataset.manifest.names, images: images, mean: dataset.mean,
                shape: [dataset.manifest.channels, dataset.manifest.height, dataset.manifest.width]),
            listen: listen)
        plan.start = try checkpoint.map { .resumed($0) } ?? initialize.map { .trained(try Checkpoint(path: $0)) }
        _ = try plan.start?.drawn(configuration)
        plan.history.survivingRun = formerRecord.flatMap { Digest.number($0.run) }
        plan.history.stores = formerRecord?.processes.count { $0.role == "store" }
        if let resumed = resumed ?? former {
            var recorded = 0
            MetricsIndex(resumed).forEach {
                if $0.kind == .step { recorded = max(recorded, $0.step) }
                guard $0.kind == .validation else { return }
                plan.history.validations.append(.init(step: $0.step, error: $0.figures[1]))
            }
            plan.history.recordedStep = recorded
        }
        (plan.limits.joinPatience, plan.limits.patience, plan.limits.restarts) = (joinTimeout, patience, restarts)
        (plan.limits.isElastic, plan.limits.elasticInterval, plan.limits.shrinkPatience) = (elastic, elasticInterval, shrinkAfter)
        (plan.history.restartReason, plan.history.unusableCheckpoints) = (restartReason, found?.skippedCheckpoints ?? [])
        (plan.recording.traceInterval, plan.recording.normsInterval) = (traceEvery, normsEvery)
        plan.device = device
        plan.recording.tracedSteps = Set(Self.tracedSteps.map { base + $0 })
        return ResolvedRun(plan: plan, dataset: dataset, resumed: resumed)
    }

    /// Returns the address on which metrics are served, and the token that readers must present.
    package func metricsEndpoint() throws -> (address: SocketAddress?, token: String?) {
        let address = try metricsListen.map { try SocketAddress(parsing: $0) }
        guard address?.isLoopback ?? true || metricsTokenFile != nil else {
            throw CommandFailure(
                CommandFailure.usage, "\(address!) is reachable from other hosts; name a token with --metrics-token-file")
        }
        return (address, try metricsTokenFile.map { try PrivateToken.read($0) })
    }

    /// Returns the requested layout, or a resumed run's; otherwise one worker for each column of each replica.
    /// - Parameter former: The record of a run that is taken over: its layout may have changed since it was asked for.
    private func layout(_ configuration: RunConfiguration, _ record: RunRecord?, former: RunRecord?) throws -> ColumnLayout {
        let columns = configuration.network.columns
        if let former, let layout = try? ColumnLayout(columns: columns, workers: former.workers, replicas: former.replicas ?? 1) {
            return layout
        }
        if replicas == nil, let record, let before = record.replicas {
            // The requested workers may be too few for the earlier number of replicas.
            if let layout = try? ColumnLayout(columns: columns, workers: workers ?? record.workers, replicas: before) { return layout }
        }
        let recorded = replicas == nil ? record?.workers : nil
        return try .requested(columns: columns, workers: workers ?? recorded, replicas: replicas)
    }

    /// Returns a resumed run's configuration. The network stays; only the recipe's settings may change.
    private func continued(_ old: RunConfiguration) throws -> RunConfiguration {
        guard configuration.preset == nil, configuration.file == nil, configuration.columns == nil else {
            throw CommandFailure(
                CommandFailure.usage, "a resumed run keeps its network; leave out --preset, --config and --columns")
        }
        var tree = try SettingsTree(old.recipe)
        for assignment in configuration.settings { try tree.set(assignment) }
        var recipe = try tree.recipe()
        if let threads = configuration.threads { recipe.threads = threads }
        let result = RunConfiguration(network: old.network, recipe: recipe)
        try result.check()
        return result
    }

    /// Returns the newest intact checkpoint, and why newer ones are not used.
    private static func lastCheckpoint(_ run: RunDirectory) throws -> (checkpoint: Checkpoint, skippedCheckpoints: [String]) {
        var skippedCheckpoints: [String] = []
        var first: (any Error)?
        for candidate in run.checkpointsByFencing().reversed() {
            do { return (try Checkpoint(path: candidate.path), skippedCheckpoints) } catch {
                skippedCheckpoints.append("\(CommandFailure(error)?.description ?? "\(error)"); an older one is used")
                first = first ?? error
            }
        }
        if let first { throw first }
        throw CommandFailure(CommandFailure.noInput, "\(run.path) has no checkpoint to continue from; start a new run")
    }
}
