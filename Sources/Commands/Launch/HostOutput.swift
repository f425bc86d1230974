import Foundation
import Platform

/// Lines of several hosts on one terminal, each with its host and process before it.
final class HostOutput: Sendable {
    private let width: Int
    private let colors: [String: TerminalStyle.Color]
    private let lock = Monitor(())

    /// - Parameters:
    ///   - hosts: by name; each has a colour of its own, as far as there are some.
    ///   - processes: as many characters as their names have at most.
    init(hosts: [String], processes: Int) {
        let palette: [TerminalStyle.Color] = [.green, .blue, .yellow, .magenta, .cyan]
        width = (hosts.map(\.count).max() ?? 0) + 1 + processes
        colors = Dictionary(
            hosts.enumerated().map { ($1, palette[$0 % palette.count]) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter line: without what a terminal would take for commands.
    func show(_ host: String, _ process: String, _ line: String) {
        let label = "\(host) \(process)"
        let padding = String(repeating: " ", count: max(0, width - label.count))
        lock.update { _ in Terminal.line("\(TerminalStyle.output.paint(label + padding, colors[host])) | \(line)") }
    }
}
