import ArgumentParser

/// An exit code given as an option: 0 to 255, of which 0 is the usual exit.
struct ExitStatus: ExpressibleByArgument {
    static let done = ExitStatus(code: 0)

    let code: Int32

    private init(code: Int32) { self.code = code }

    init?(argument: String) {
        guard let code = UInt8(argument) else { return nil }
        self.init(code: Int32(code))
    }

    var defaultValueDescription: String { "\(code)" }

    func end() throws { if code != 0 { throw ExitCode(code) } }
}
