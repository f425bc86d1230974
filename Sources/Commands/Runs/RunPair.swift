import ArgumentParser
import RunLog

/// Two runs that are held against each other.
struct RunPair: ParsableArguments {
    @Argument(help: ArgumentHelp("A run's path, or its name.", valueName: "run"), completion: .runs) var first: String
    @Argument(help: ArgumentHelp("Another's.", valueName: "run"), completion: .runs) var second: String
    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir"), completion: .directory) var runs = "runs"

    func directories() throws -> [RunDirectory] { try [first, second].map { try RunDirectory.find($0, runs: runs) } }
}
