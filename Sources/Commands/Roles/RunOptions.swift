import ArgumentParser
import Foundation
import Prediction
import Settings

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

    @Option(help: "Train this many passes over the training set (default: 90, if --steps is not given either).")
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

    enum StorePlacement: String, ExpressibleByArgument, CaseIterable {
        case embedded, process

        var requested: RunRequest.StorePlacement { self == .embedded ? .embedded : .process }
    }

    /// The same as plain data.
    /// - Throws: Where the configuration's file cannot be read.
    var request: RunRequest {
        get throws {
            RunRequest(
                configuration: try configuration.request, data: data, workers: workers, replicas: replicas, steps: steps, epochs: epochs,
                runs: runs, name: name, resume: resume, resumeIfBegun: resumeIfBegun, initialize: initialize,
                store: store.requested, stores: stores,
                traceEvery: traceEvery, normsEvery: normsEvery, metricsListen: metricsListen, metricsTokenFile: metricsTokenFile,
                elastic: elastic, elasticInterval: elasticInterval, joinTimeout: joinTimeout, restarts: restarts, patience: patience,
                bandwidth: bandwidth?.bytesPerSecond, latency: latency?.seconds, device: device,
                stoppedExitCode: stopped.stoppedExitCode.code, security: security.request)
        }
    }
}
