import ArgumentParser

/// How a process ends whose run was asked to stop: for schedulers, which take 0 for done.
struct StoppedOption: ParsableArguments {
    @Option(help: ArgumentHelp("The exit code when the run was asked to stop and can go on.", valueName: "code"))
    var stoppedExitCode: Int32 = 0

    func validate() throws {
        guard (0...255).contains(stoppedExitCode) else {
            throw ValidationError("--stopped-exit-code has to be from 0 to 255, not \(stoppedExitCode)")
        }
    }

    func end() throws { if stoppedExitCode != 0 { throw ExitCode(stoppedExitCode) } }

    var arguments: [String] { ["--stopped-exit-code", "\(stoppedExitCode)"] }
}
