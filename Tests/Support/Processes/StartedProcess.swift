import Foundation
import Glibc

/// A process that runs beside its test, with a log of its own.
package final class StartedProcess {
    /// The program's name and its first argument.
    private let name: String
    private let process: Process
    private let outputPath: String
    private let errorsPath: String

    /// Starts a process.
    /// - Parameters:
    ///   - name: is for messages.
    ///   - log: the path of the log, without the extensions of its two files.
    init(_ words: [String], name: String, log: String, in directory: String, environment: [String: String]) throws {
        (self.name, outputPath, errorsPath) = (name, log + ".out", log + ".err")
        process = Program.prepared(words, in: directory, environment: environment)
        for path in [outputPath, errorsPath] { try Data().write(to: URL(fileURLWithPath: path)) }
        let (output, errors) = (try Self.handle(outputPath), try Self.handle(errorsPath))
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        try output.close()
        try errors.close()
    }

    private static func handle(_ path: String) throws -> FileHandle {
        guard let handle = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteUnknown) }
        return handle
    }

    package var processIdentifier: Int32 { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }

    /// The exit code, or the number of the signal that ended the process. Valid after the end.
    package var terminationStatus: Int32 { process.terminationStatus }
    package var isEndedBySignal: Bool { process.terminationReason == .uncaughtSignal }

    /// The output that the process has written so far.
    package var output: String { TextFile.content(outputPath) }
    package var errors: String { TextFile.content(errorsPath) }

    package func send(_ signal: Int32) { kill(process.processIdentifier, signal) }
    package func terminate() { process.terminate() }
    package func interrupt() { process.interrupt() }

    /// Waits until the process has ended.
    /// - Throws: `Deadline.Exceeded`.
    package func waitUntilExit() throws {
        try Deadline.wait(for: "the end of \(description)", every: 2_000) { !process.isRunning }
        process.waitUntilExit()
    }

    /// Waits until a condition holds or the process has ended.
    /// - Parameter microseconds: the pause between two checks.
    /// - Throws: `Deadline.Exceeded`.
    package func wait(
        for what: @autoclosure () -> String = "a condition", every microseconds: UInt32 = 5_000, until condition: () throws -> Bool
    ) throws {
        try Deadline.wait(for: "\(what()) of \(description)", every: microseconds) { try !process.isRunning || condition() }
    }

    /// Waits until the output contains a text or the process has ended.
    /// - Returns: the output.
    /// - Throws: `Deadline.Exceeded`.
    @discardableResult
    package func wait(forOutput text: String) throws -> String {
        try wait(for: "\"\(text)\" in the output", every: 2_000) { output.contains(text) }
        return output
    }

    /// Ends the process if it still runs: as a user would, and with SIGKILL if that is not enough.
    package func end() {
        guard process.isRunning else { return }
        process.terminate()
        for _ in 0..<1000 where process.isRunning { usleep(5_000) }
        if process.isRunning { send(SIGKILL) }
        process.waitUntilExit()
    }

    /// The name, with the end of the log.
    private var description: String { "\(name), whose log ends with \"\((output + errors).suffix(2000))\"" }
}
