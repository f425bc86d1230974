import Foundation
import Glibc
import Platform

/// Counts the frames that this process sends, and determines at which ones faults occur.
final class FaultInjector: Sendable {
    static let variable = "COLONNADE_FAULTS"

    /// Nil except in tests.
    static let shared = ProcessInfo.processInfo.environment[variable].map { FaultInjector(FaultInjector.decode($0)) }

    private struct State: Sendable {
        var process: String?
        var counts: [Int]
    }

    private let faults: [Fault]
    private let state: Monitor<State>

    private init(_ faults: [Fault]) {
        self.faults = faults
        state = Monitor(State(counts: faults.map { _ in 0 }))
    }

    /// Decodes the variable's faults. If they are unusable, ends the process: a test must not pass because nothing was injected.
    private static func decode(_ text: String) -> [Fault] {
        do {
            return try JSONDecoder().decode([Fault].self, from: Data(text.utf8))
        } catch {
            StandardError.write("colonnade: \(variable) is not a JSON array of faults; docs/reliability.md describes them\n")
            // A usage error. Other threads may be at work, so nothing else is cleaned up.
            _exit(64)
        }
    }

    /// Sets this process's name once its role and rank are known.
    func identify(_ process: String) {
        // Only the first name counts: an embedded store shares the process of its worker or coordinator.
        state.update { if $0.process == nil { $0.process = process } }
    }

    /// Counts a frame that is about to be sent.
    /// - Returns: the fault to inject at it, or nil.
    func fault(at header: FrameHeader) -> Fault? {
        state.update { state in
            for (index, fault) in faults.enumerated()
            where fault.process == state.process && fault.frame == "\(header.kind)" && fault.attempt == header.attempt {
                state.counts[index] += 1
                guard state.counts[index] == fault.number else { continue }
                // The time allows tests to measure how long detection took.
                StandardError.write("injected fault: \(fault.kind.rawValue) at \(WallClock.now)\n")
                return fault
            }
            return nil
        }
    }
}

/// Access to fault injection from other modules. Has no effect outside tests.
public enum FaultInjection {
    /// Names this process, for faults of that process.
    /// - Parameter process: a role and a rank, such as `worker-1`.
    public static func identify(_ process: String) { FaultInjector.shared?.identify(process) }

    /// Removes all faults from the environment, so that restarted processes have none.
    public static func clear() { unsetenv(FaultInjector.variable) }
}
