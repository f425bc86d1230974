import ArgumentParser
import Foundation
import Glibc
import RunLog

/// `colonnade runs log`: shows the messages of all processes of a run in order of time.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Shows the messages of all processes of a run, with the first failure at the top.")

    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Flag(name: [.customShort("f"), .long], help: "Follow until the run ends.") var follow = false
    @Flag(help: "Print each line as JSON.") var json = false

    func run() throws {
        let directory = try RunDirectory.find(target, runs: runs)
        var follower = LogFollower()
        var seen: [FileStamp]?
        while true {
            let state = try directory.record().state
            let stamps = [directory.logPath, directory.eventsPath].map(FileStamp.init)
            if stamps != seen {
                let log = MergedLog(log: directory.log(), events: directory.events())
                if seen == nil, !json, let failure = log.firstFailure, log.lines.count > 1 {
                    Terminal.line("first failure: \(Self.text(failure))\n")
                }
                for line in follower.newLines(of: log) {
                    Terminal.line(json ? try Self.json(line) : Self.text(line))
                }
                seen = stamps
            }
            guard follow, state == .running else { return }
            usleep(300_000)
        }
    }

    private static func json(_ line: MergedLog.Line) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }

    /// `12:00:01.250 ±0.1 ms  worker 0, worker 1  joined`
    private static func text(_ line: MergedLog.Line) -> String {
        let time = line.time.dropFirst(11).prefix(12)
        let off = line.uncertainty.map { $0 == 0 ? "" : " ±\(Terminal.fixed($0 * 1e3, 1)) ms" } ?? " ±?"
        let level = line.level == .info ? "" : "\(line.level.rawValue): "
        return "\(time)\(off)  \(line.ranks.joined(separator: ", "))  \(level)\(line.message)"
    }
}
