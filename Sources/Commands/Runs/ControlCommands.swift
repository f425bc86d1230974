import ArgumentParser
import RunLog
import Wire

/// `colonnade runs stop` and `runs checkpoint`, which are what the dashboard's buttons do, and `runs resize`.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ends a run after the steps under way, with a checkpoint.")
    @OptionGroup var target: ControlTarget

    func run() throws { try target.ask(.stop, "the run ends after the steps under way") }
}

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Has a run write a checkpoint of the next step.")
    @OptionGroup var target: ControlTarget

    func run() throws { try target.ask(.checkpoint, "the run writes a checkpoint of the next step") }
}

struct ResizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Has a run go on with another number of workers, between two steps.",
        discussion: "Workers beyond those of now have to wait as spares already: start them with `colonnade worker`. Those that are not "
            + "needed any more wait as spares. Weights, momentum and digests are those of any other number of workers.")
    @OptionGroup var target: ControlTarget

    @Option(help: "Worker processes in all replicas from then on.") var workers: Int
    @Option(help: "Replicas that they are shared out over (default: those of now, where that is possible).") var replicas: Int?

    func validate() throws {
        for (option, value) in [("--workers", workers), ("--replicas", replicas ?? 1)] where !(1...1_000_000).contains(value) {
            throw ValidationError("\(option) has to be at least 1, not \(value)")
        }
    }

    func run() throws {
        try target.ask(
            .resize, workers: workers, replicas: replicas ?? 0,
            "the run goes on with \(workers) \(workers == 1 ? "worker" : "workers") after the steps under way")
    }
}

struct ControlTarget: ParsableArguments {
    @Argument(help: ArgumentHelp("The run's path, or its name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: ArgumentHelp("Certificates, of a run that has them.", valueName: "dir")) var certificates: String?

    func ask(_ kind: WireCommand.Kind, workers: Int = 0, replicas: Int = 0, _ done: String) throws {
        let run = try RunDirectory.find(target, runs: runs)
        guard try run.record().state == .running else {
            throw CommandFailure(CommandFailure.unavailable, "the run \(run.name) has ended")
        }
        try RunCommandSender.send(kind, workers: workers, replicas: replicas, to: run, certificates: certificates)
        Terminal.line(done)
    }
}
