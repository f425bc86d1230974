package import Coordinator
import Foundation
import Glibc
import Platform
import RunLog
import Transport

/// A message of a coordinator to its supervisor, a line of JSON each. It is the only way in which a supervisor learns what it must do.
package enum SupervisorMessage: Codable, Sendable, Equatable {
    /// The coordinator takes connections at this address.
    case listening(String)
    /// The run needs so many workers to begin.
    case needs(workers: Int)
    /// The coordinator is in order; about once a second.
    case alive
    /// Training begins, or continues.
    case training
    /// Somebody is missing.
    case paused
    /// A step is committed: the run makes progress. Not every step is told.
    case committed(step: Int)
    case evicted(Eviction)
    /// The run has ended, and the coordinator is about to: it does not say any more that it is in order.
    case concluding
    /// Why the run ended, where that was a failure.
    case ended(reason: String)

    var line: String {
        // Values of these kinds always have a form as JSON.
        String(decoding: (try? JSONEncoder().encode(self)) ?? Data(), as: UTF8.self) + "\n"
    }

    init?(line: String) {
        guard let message = try? JSONDecoder().decode(SupervisorMessage.self, from: Data(line.utf8)) else { return nil }
        self = message
    }
}

/// A process that the coordinator has given up. It may be stopped and not hear of that, so its supervisor ends it.
package struct Eviction: Codable, Sendable, Equatable {
    let process: Int
    /// Its host, as it names itself.
    let host: String
}

/// The coordinator's end of the channel to its supervisor. A supervisor that does not read never holds up the run: messages that find no room
/// are dropped, progress first, because there is far less of all others than there is room.
package final class SupervisorReports: Sendable {
    /// The number of the channel's descriptor in the coordinator's process.
    static let descriptor: Int32 = 63
    private static let interval = 0.1

    private let descriptor: Int32
    private let lastProgress = Monitor(0.0)

    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    package func take(_ entry: JournalEntry) {
        switch entry {
        case .listening(let address): send(.listening("\(address)"))
        case .step(let metrics):
            let now = MonotonicClock.now
            let isDue = lastProgress.update { last in
                guard now - last >= Self.interval else { return false }
                last = now
                return true
            }
            if isDue { send(.committed(step: metrics.step)) }
        case .started, .resumed: send(.training)
        case .paused: send(.paused)
        case .evicted(let participant, _, _): send(.evicted(Eviction(process: participant.process, host: participant.host)))
        case .note("failed", let reason, _): send(.ended(reason: reason))
        default: break
        }
    }

    package func send(_ message: SupervisorMessage) {
        let bytes = Array(message.line.utf8)
        _ = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: Int(MSG_DONTWAIT) | Int(MSG_NOSIGNAL)))
        }
    }
}

/// The supervisor's end of the channel.
package final class CoordinatorReports: Sendable {
    private let listening = Monitor<String?>(nil)
    private let forward: (@Sendable (SupervisorMessage) -> Void)?

    /// - Parameter forward: Called with every message, from a thread of the channel.
    package init(_ forward: (@Sendable (SupervisorMessage) -> Void)? = nil) { self.forward = forward }

    /// Nil before the process takes connections.
    package var address: String? { listening.read { $0 } }

    package func receive(_ message: SupervisorMessage) {
        if case .listening(let address) = message { listening.update { $0 = address } }
        forward?(message)
    }

    /// Receives from a descriptor until it ends, on a thread of its own, and closes it.
    /// - Parameter forward: Called with every message.
    static func read(_ descriptor: Int32, _ forward: @escaping @Sendable (SupervisorMessage) -> Void) {
        _ = ServiceThread(name: "coordinator-reports") {
            var lines = LineInput(descriptor, limit: 1 << 16)
            while case .line(let line) = lines.next() {
                if let message = SupervisorMessage(line: line) { forward(message) }
            }
            close(descriptor)
        }
    }
}

/// Pipes between a supervisor and a process that reports to it: a request goes in by the standard input, reports come out.
struct ReportingPipes {
    private let input: ProcessPipe
    private let reports: ProcessPipe

    init() throws { (input, reports) = (try ProcessPipe(), try ProcessPipe()) }

    /// The arguments of a coordinator whose request comes by its standard input.
    static let coordinatorArguments = ["coordinator", "--request-on-input"]

    /// Starts the process and hands its request over.
    func start(
        name: String, arguments: [String], request: Data, memory: MemoryFile?, output: ChildProcess.Output,
        report: @escaping @Sendable (SupervisorMessage) -> Void
    ) throws -> ChildProcess {
        defer { for end in [input.reading, input.writing, reports.writing] { close(end) } }
        let process: ChildProcess
        do {
            process = try ChildProcess(
                name: name,
                arguments: arguments + ["--supervisor-descriptor", "\(SupervisorReports.descriptor)"] + ProcessMemory.arguments(memory),
                input: input.reading,
                passing: ProcessMemory.passing(memory).merging([SupervisorReports.descriptor: reports.writing]) { $1 }, output: output)
        } catch {
            close(reports.reading)
            throw error
        }
        CoordinatorReports.read(reports.reading, report)
        _ = LineOutput.write(String(decoding: request, as: UTF8.self), to: input.writing)
        return process
    }
}
