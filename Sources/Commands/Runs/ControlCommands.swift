import ArgumentParser
import RunLog
import Wire

/// `colonnade runs stop` and `runs checkpoint`: what the dashboard's buttons do.
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

struct ControlTarget: ParsableArguments {
    @Argument(help: ArgumentHelp("The run's path, or its name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: ArgumentHelp("Certificates, of a run that has them.", valueName: "dir")) var certificates: String?

    func ask(_ kind: WireCommand.Kind, _ done: String) throws {
        let run = try RunDirectory.find(target, runs: runs)
        guard try run.record().state == .running else {
            throw CommandFailure(CommandFailure.unavailable, "the run \(run.name) has ended")
        }
        try RunCommandSender.send(kind, to: run, certificates: certificates)
        Terminal.line(done)
    }
}
