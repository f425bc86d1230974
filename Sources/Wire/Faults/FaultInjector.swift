import Foundation
import Glibc
import Threading

/// Counts the frames that this process sends and says where something is to go wrong.
final class FaultInjector: Sendable {
    static let variable = "COLONNADE_FAULTS"

    /// Nil but in tests.
    static let shared = FaultInjector(ProcessInfo.processInfo.environment[variable])

    private struct State: Sendable {
        var process: String?
        var counts: [Int]
    }

    private let faults: [Fault]
    private let state: Monitor<State>

    private init?(_ text: String?) {
        guard let text, let faults = try? JSONDecoder().decode([Fault].self, from: Data(text.utf8)) else { return nil }
        self.faults = faults
        state = Monitor(State(counts: faults.map { _ in 0 }))
    }

    /// Says which process this is, once it knows.
    func identify(_ role: WireHello.Role, rank: Int) {
        // An embedded store shares its host's process.
        state.update { if $0.process == nil { $0.process = "\(role.word)-\(rank)" } }
    }

    /// What is to go wrong with a frame that is about to be sent.
    func fault(at header: FrameHeader) -> Fault? {
        state.update { state in
            for (index, fault) in faults.enumerated()
            where fault.process == state.process && fault.frame == "\(header.kind)" && fault.attempt == header.attempt {
                state.counts[index] += 1
                guard state.counts[index] == fault.number else { continue }
                // When it happened, for whoever measures how long it took to be noticed.
                StandardError.write("injected fault: \(fault.kind.rawValue) at \(WallClock.now)\n")
                return fault
            }
            return nil
        }
    }
}

/// Names this process for faults that tests inject; nothing outside tests.
public enum FaultPlace {
    public static func identify(_ role: WireHello.Role, rank: Int) { FaultInjector.shared?.identify(role, rank: rank) }

    /// Processes that are started from now on, after what the faults have ended, have none.
    public static func clear() { unsetenv(FaultInjector.variable) }
}
