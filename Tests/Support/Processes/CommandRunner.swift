import Foundation
package import RunLog

/// Runs the built `colonnade` in a scratch folder of its own.
///
/// Processes that still run when this object is released are ended, the one that was started last first. Then the folder is removed.
package final class CommandRunner {
    private let scratch: Scratch
    private var started: [StartedProcess] = []

    package init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch("process-logs"), withIntermediateDirectories: true)
    }

    deinit { for process in started.reversed() { process.end() } }

    /// The path of the executable, which is beside the test bundle.
    package static let executable: String = {
        var place = Bundle.allBundles.map(\.bundlePath).first { $0.contains("/release") || $0.contains("/debug") }
        place = place ?? CommandLine.arguments[0]
        var url = URL(fileURLWithPath: place!)
        while url.path != "/" {
            let candidate = url.appendingPathComponent("colonnade").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            url.deleteLastPathComponent()
        }
        return "colonnade"
    }()

    /// The scratch folder, which is the working directory of all processes.
    package var directory: String { scratch.path }

    /// Returns the path of a name in the scratch folder.
    package func path(_ name: String) -> String { scratch(name) }

    /// Writes a file in the scratch folder.
    package func write(_ text: String, to name: String) throws { try scratch.write(text, to: name) }

    /// Returns the directory of a run by its name.
    package func runDirectory(_ name: String) -> RunDirectory { RunDirectory(path("runs/\(name)")) }

    /// The environment of all processes. Their cache is in the scratch folder, because runs leave tokens and other files in it.
    private func environment(_ more: [String: String]) -> [String: String] {
        ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": path("user-cache")]) { $1 }.merging(more) { $1 }
    }

    /// Starts `colonnade` and returns at once.
    /// - Parameters:
    ///   - wrapper: a program and its arguments that start the command, such as one that isolates it.
    ///   - directory: the working directory; nil means the scratch folder.
    ///   - environment: variables in addition to those of the tests.
    @discardableResult
    package func start(
        _ arguments: [String], under wrapper: [String] = [], in directory: String? = nil, environment: [String: String] = [:]
    ) throws -> StartedProcess {
        let role = arguments.first ?? ""
        let process = try StartedProcess(
            wrapper + [Self.executable] + arguments, name: "colonnade \(role)", log: path("process-logs/\(started.count)-\(role)"),
            in: directory ?? self.directory, environment: self.environment(environment))
        started.append(process)
        return process
    }

    /// Starts a command that listens and writes its address to a file, and waits for the address.
    /// - Throws: `Deadline.Exceeded`, or an error if the process ends without an address.
    package func startListening(_ arguments: [String]) throws -> (process: StartedProcess, address: String) {
        let process = try start(arguments)
        // "coordinator listens on ADDRESS", "answering doctors at ADDRESS; …"
        func address() -> String? {
            process.output.split(whereSeparator: \.isNewline).lazy
                .filter { $0.contains(" listens on ") || $0.contains("answering doctors at ") }
                .compactMap { Self.address(in: String($0)) }.first
        }
        try process.wait(for: "the address", every: 2_000) { address() != nil || !process.isRunning }
        guard let address = address() else {
            throw NotListening(description: "\(arguments[0]) ended without an address: \(process.errors)")
        }
        return (process, address)
    }

    /// The first word that is a host and a port.
    private static func address(in line: String) -> String? {
        line.split(whereSeparator: { " ;".contains($0) }).first { word in
            guard let colon = word.lastIndex(of: ":") else { return false }
            return UInt16(word[word.index(after: colon)...]) != nil && colon > word.startIndex
        }.map(String.init)
    }

    private struct NotListening: Error, CustomStringConvertible { let description: String }

    /// Runs `colonnade` to its end.
    @discardableResult
    package func run(_ arguments: String...) throws -> Program.Result { try run(arguments) }

    /// Runs `colonnade` to its end.
    /// - Parameters: as of `start`.
    package func run(_ arguments: [String], under wrapper: [String] = [], environment: [String: String] = [:]) throws -> Program.Result {
        try Program.run(wrapper + [Self.executable] + arguments, in: directory, environment: self.environment(environment))
    }
}
