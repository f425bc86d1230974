import Foundation
import TestSupport
import Testing

/// Scripts that compare files of this program with other programs.
enum PythonCheck {
    /// Runs Golden/NAME.py with `COLONNADE_PYTHON`, or python3.
    /// - Returns: false if a Python package is missing, which is printed.
    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> Bool {
        try run(script: "Tests/System/Golden/\(name).py", arguments)
    }

    /// Runs a script of the repository, from where it finds deploy and docs.
    @discardableResult
    static func run(script: String, _ arguments: [String]) throws -> Bool {
        let python = ProcessInfo.processInfo.environment["COLONNADE_PYTHON"] ?? "python3"
        let result = try Program.run([python, "-B", Repository.path(script)] + arguments)
        let text = result.output + result.errors
        if result.code == 77 || result.code == 127 {
            print("skipped: \(text.trimmingCharacters(in: .whitespacesAndNewlines)); name a Python in COLONNADE_PYTHON")
            return false
        }
        #expect(result.code == 0, "\(text)")
        return true
    }
}
