import ArgumentParser

/// How a process ends that was asked to end and has left its run in order: for schedulers that are to start it again, elsewhere.
struct LeftOption: ParsableArguments {
    @Option(help: ArgumentHelp("The exit code when the process was asked to end (SIGTERM, Ctrl-C) and has left the run between two steps.", valueName: "code"))
    var leftExitCode: Int32 = 0

    func validate() throws {
        guard (0...255).contains(leftExitCode) else {
            throw ValidationError("--left-exit-code has to be from 0 to 255, not \(leftExitCode)")
        }
    }

    func end() throws { if leftExitCode != 0 { throw ExitCode(leftExitCode) } }
}
