import ArgumentParser

/// How a process ends whose run was asked to stop: for schedulers, which take 0 for done.
struct StoppedOption: ParsableArguments {
    @Option(help: ArgumentHelp("The exit code, 0 to 255, when the run was asked to stop and can go on.", valueName: "code"))
    var stoppedExitCode = ExitStatus.done

    func end() throws { try stoppedExitCode.end() }

    var arguments: [String] { ["--stopped-exit-code", "\(stoppedExitCode.code)"] }
}
