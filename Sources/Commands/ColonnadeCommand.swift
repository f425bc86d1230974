public import ArgumentParser
import Glibc
import Platform
import Settings

/// The root command, `colonnade`.
public struct ColonnadeCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "colonnade",
        abstract: "Trains AlexNet-style networks whose columns are distributed over worker processes.",
        version: Product.version,
        subcommands: [
            TrainCommand.self, LaunchCommand.self, CoordinatorCommand.self, WorkerCommand.self, StoreCommand.self, DataCommand.self,
            EvaluateCommand.self, PredictCommand.self, ExportCommand.self, ImportCommand.self, RunsCommand.self,
            DashboardCommand.self, PlanCommand.self, BenchCommand.self, DoctorCommand.self, CertificatesCommand.self, ShellCommand.self,
            HostCommand.self,
        ])

    public init() {}

    /// Parses the arguments and runs the command. An error is printed to stderr as one sentence and sets a sysexits code.
    public static func run() {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as CommandFailure {
            Terminal.error(error.description)
            Glibc.exit(error.code)
        } catch {
            let failure = CommandFailure(error)
            if let failure {
                Terminal.error(failure.description)
                Glibc.exit(failure.code)
            }
            exit(withError: error)
        }
    }
}
