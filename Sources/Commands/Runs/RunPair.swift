import ArgumentParser
import RunLog

/// The options that name two runs to compare.
struct RunPair: ParsableArguments {
    @Argument(help: ArgumentHelp("A run's path or name.", valueName: "run"), completion: .runs) var first: String
    @Argument(help: ArgumentHelp("The other run's path or name.", valueName: "run"), completion: .runs) var second: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"

    func directories() throws -> [RunDirectory] { try [first, second].map { try RunDirectory.find($0, runs: runs) } }
}
