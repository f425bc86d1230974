import ArgumentParser
import ParameterStore
import Platform

/// `colonnade bench update`: measures the store's update alone.
struct UpdateBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Measures the parameter store's update, and compares it with the memory's streaming bandwidth.")

    @Option(help: "Parameters (default: those of one of AlexNet's two columns).") var parameters = 31_000_000
    @Option(help: "Rounds; the shortest times are reported.") var rounds = 10
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        guard (1000...1_000_000_000).contains(parameters), (1...1000).contains(rounds) else {
            throw CommandFailure(CommandFailure.usage, "--parameters must be from 1000 to 1000000000, and --rounds from 1 to 1000")
        }
        let report = try UpdateBenchmark.run(parameters: parameters, rounds: rounds)
        if json { return Terminal.line(try Terminal.json(report)) }
        Terminal.line(
            Terminal.table([
                ["update", "\(Terminal.fixed(report.update_milliseconds, 1)) ms"],
                ["update", "\(Terminal.fixed(report.update_gigabytes_per_second, 1)) GB/s"],
                ["streaming", "\(Terminal.fixed(report.stream_gigabytes_per_second, 1)) GB/s"],
                ["share", Terminal.percent(report.share)],
            ]))
    }
}
