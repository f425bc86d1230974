import Foundation
import Testing

/// Scripts in Golden that hold files of this program against other programs.
enum PythonCheck {
    /// Runs Golden/NAME.py with `COLONNADE_PYTHON`, or python3.
    /// - Returns: false where a Python package is missing, which is said.
    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> Bool {
        try run(script: "Tests/CommandsTests/Golden/\(name).py", arguments)
    }

    /// Runs a script of the repository.
    @discardableResult
    static func run(script: String, _ arguments: [String]) throws -> Bool {
        // From its place in the repository: scripts find deploy/ and docs/ from there.
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let script = repository.appendingPathComponent(script).path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["COLONNADE_PYTHON"] ?? "python3"
        process.arguments = [python, "-B", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 77 || process.terminationStatus == 127 {
            print("skipped: \(text.trimmingCharacters(in: .whitespacesAndNewlines)); name a Python in COLONNADE_PYTHON")
            return false
        }
        #expect(process.terminationStatus == 0, "\(text)")
        return true
    }
}
