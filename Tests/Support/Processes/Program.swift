import Foundation

/// Programs that a test runs to their end.
package enum Program {
    /// How a program ended, and what it wrote.
    package struct Result: Sendable {
        /// The exit code, or the number of the signal that ended the program.
        package let code: Int32
        package let isEndedBySignal: Bool
        package let output: String
        package let errors: String
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - words: its path, or its name in PATH, and its arguments.
    ///   - directory: its working directory; nil means that of the tests.
    ///   - environment: its whole environment; nil means that of the tests.
    /// - Returns: the code 127 if PATH has no such program.
    /// - Throws: the error of Foundation if the program cannot be started.
    @discardableResult
    package static func run(_ words: [String], in directory: String? = nil, environment: [String: String]? = nil) throws -> Result {
        let process = prepared(words, in: directory, environment: environment)
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, isEndedBySignal: process.terminationReason == .uncaughtSignal, output: text, errors: complaints
        )
    }

    static func prepared(_ words: [String], in directory: String?, environment: [String: String]?) -> Process {
        let process = Process()
        let isPath = words[0].contains("/")
        process.executableURL = URL(fileURLWithPath: isPath ? words[0] : "/usr/bin/env")
        process.arguments = isPath ? Array(words.dropFirst()) : words
        process.standardInput = FileHandle.nullDevice
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        if let environment { process.environment = environment }
        return process
    }
}
