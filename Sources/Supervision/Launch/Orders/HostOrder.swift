import Foundation

/// What `launch` and `doctor` ask of `colonnade host` on another host, a line of JSON each.
enum HostOrder: Codable, Sendable, Equatable {
    /// Work in this directory from now on; `~` is the user's.
    case enter(directory: String)
    /// Keep a file in the private directory, of mode 0600.
    case keep(name: String, content: Data)
    /// Make a run's directory, or take up one that is there.
    /// - Parameter mayHaveBegun: whether one of the name may be there.
    case open(runs: String, name: String?, resume: String?, mayHaveBegun: Bool)
    /// How far the run is.
    case progress
    /// Start this program with these arguments.
    /// - Parameters:
    ///   - id: for reports about it.
    ///   - request: for its standard input; nil starts a process that reports nothing by itself.
    ///   - memory: the name of the memory file that it shares with processes before and after it.
    case start(id: Int, role: String, arguments: [String], request: Data?, memory: String)
    case signal(id: Int, signal: Int32)
    /// The sender of orders is still there.
    case beat

    /// Longer lines are none of ours.
    static let lengthLimit = 1 << 20
    /// Seconds between beats, and without a word after which nobody is taken to be there.
    static let (interval, patience) = (5.0, 60.0)
    /// Starts every line, to distinguish it from output of a login shell.
    static let mark = "colonnade-host "
}

/// What it answers, and reports by itself.
enum HostReport: Codable, Sendable, Equatable {
    /// The first: what the host is.
    case hello(HostFacts)
    /// An order was carried out: a path, where it is about one.
    case done(String)
    /// An order cannot be carried out.
    case failed(code: Int32, reason: String)
    case progress(RunProgress)
    case started(id: Int, process: Int32)
    /// A process has sent its supervisor a message.
    case told(id: Int, SupervisorMessage)
    case said(id: Int, line: String)
    case ended(id: Int, code: Int32)
    case beat
}

/// The facts that have to be alike on all hosts of a run, and the name of the host.
package struct HostFacts: Codable, Sendable, Equatable {
    package var version: String
    package var hostName: String
    var processor: String
    var instructionSet: String
    var kernelLibrary: String
    /// The private directory.
    var directory: String
}

/// Orders and reports as lines.
enum HostLine {
    static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        // Values of these kinds always have a form as JSON.
        return HostOrder.mark + String(decoding: (try? encoder.encode(value)) ?? Data(), as: UTF8.self) + "\n"
    }

    /// Nil where the line is not one of them.
    static func value<Value: Decodable>(_ line: String, as type: Value.Type = Value.self) -> Value? {
        guard line.hasPrefix(HostOrder.mark) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(line.dropFirst(HostOrder.mark.count).utf8))
    }
}
