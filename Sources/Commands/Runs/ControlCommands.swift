import ArgumentParser
import Platform
import Protocol
import RunLog

/// `colonnade runs stop`: stops a run, as the dashboard's button does.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops a run after the steps in progress, with a checkpoint.")
    @OptionGroup var target: ControlTarget

    func run() throws { try target.ask(.stop, "the run stops after the steps in progress") }
}

/// `colonnade runs checkpoint`: asks for a checkpoint, as the dashboard's button does.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Makes a run write a checkpoint of the next step.")
    @OptionGroup var target: ControlTarget

    func run() throws { try target.ask(.checkpoint, "the run writes a checkpoint of the next step") }
}

/// `colonnade runs resize`: changes a run's layout while it trains.
struct ResizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Changes the number of a run's workers between two steps.",
        discussion: "Additional workers must already be waiting as spares: start them with `colonnade worker`. Workers that are no longer "
            + "needed become spares. Weights, momentum and digests do not depend on the number of workers.")
    @OptionGroup var target: ControlTarget

    @Option(help: "The new number of worker processes, in all replicas together.") var workers: Int
    @Option(help: "The new number of replicas (default: the current one, if possible).") var replicas: Int?

    func validate() throws {
        for (option, value) in [("--workers", workers), ("--replicas", replicas ?? 1)] where !(1...1_000_000).contains(value) {
            throw ValidationError("\(option) must be at least 1, not \(value)")
        }
    }

    func run() throws {
        try target.ask(
            .resize, workers: workers, replicas: replicas ?? 0,
            "the run continues with \(workers) \(workers == 1 ? "worker" : "workers") after the steps in progress")
    }
}

/// The options that name a run to control.
struct ControlTarget: ParsableArguments {
    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: ArgumentHelp("Certificates, for a run that uses them.", valueName: "dir")) var certificates: String?

    func ask(_ kind: WireCommand.Kind, workers: Int = 0, replicas: Int = 0, _ done: String) throws {
        let run = try RunDirectory.find(target, runs: runs)
        guard try run.record().state == .running else {
            throw CommandFailure(CommandFailure.unavailable, "the run \(run.name) has ended")
        }
        try RunCommandSender.send(kind, workers: workers, replicas: replicas, to: run, certificates: certificates)
        Terminal.line(done)
    }
}
