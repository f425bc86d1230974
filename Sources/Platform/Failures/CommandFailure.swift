/// An error that ends a command: a sysexits code, and one sentence that tells the user what to do.
package struct CommandFailure: Error, CustomStringConvertible {
    package let code: Int32
    package let description: String

    package static let usage: Int32 = 64
    package static let data: Int32 = 65
    package static let noInput: Int32 = 66
    package static let unavailable: Int32 = 69
    package static let software: Int32 = 70
    /// The operating system refused a resource, such as memory or a pipe (EX_OSERR).
    package static let system: Int32 = 71
    package static let cannotCreate: Int32 = 73
    package static let inputOutput: Int32 = 74
    package static let temporary: Int32 = 75
    /// The peer stopped answering without announcing its end (EX_PROTOCOL).
    package static let noAnswer: Int32 = 76
    package static let noPermission: Int32 = 77
    package static let configuration: Int32 = 78
    /// The run that this process belonged to failed, and would fail the same way again. Not one of the sysexits codes.
    package static let runFailed: Int32 = 79

    /// Returns whether the same command would fail the same way again and must not be restarted (docs/launching.md).
    package static func isFinal(_ code: Int32) -> Bool {
        [usage, data, noInput, software, cannotCreate, inputOutput, noPermission, configuration, runFailed].contains(code)
    }

    package init(_ code: Int32, _ description: String) { (self.code, self.description) = (code, description) }
}
