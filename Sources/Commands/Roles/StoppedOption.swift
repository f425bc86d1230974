import ArgumentParser

/// The exit code of a process whose run was asked to stop, for schedulers that take 0 for completion.
struct StoppedOption: ParsableArguments {
    @Option(help: ArgumentHelp("The exit code, 0 to 255, when the run was asked to stop and can be resumed.", valueName: "code"))
    var stoppedExitCode = ExitStatus.done

    func end() throws { try stoppedExitCode.end() }
}
