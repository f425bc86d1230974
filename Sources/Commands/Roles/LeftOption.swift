import ArgumentParser

/// The exit code of a process that was asked to end and left its run in order, for schedulers that should start it again elsewhere.
struct LeftOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The exit code, 0 to 255, when the process was asked to end (SIGTERM, Ctrl-C) and left the run between two steps.",
            valueName: "code"))
    var leftExitCode = ExitStatus.done

    func end() throws { try leftExitCode.end() }
}
