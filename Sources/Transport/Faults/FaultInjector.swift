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
        do throws(UnusableFaults) { return try parse(text) } catch {
            StandardError.write("colonnade: \(variable) \(error.reason)\n")
            // A usage error. Other threads may be at work, so nothing else is cleaned up.
            _exit(64)
        }
    }

    /// - Throws: Where a fault is malformed, or would never occur.
    fileprivate static func parse(_ text: String) throws(UnusableFaults) -> [Fault] {
        guard let faults = try? JSONDecoder().decode([Fault].self, from: Data(text.utf8)) else {
            throw UnusableFaults(reason: "is not a JSON array of faults; docs/reliability.md describes them")
        }
        let frames = FrameHeader.Kind.allCases.map { "\($0)" }
        for fault in faults {
            guard frames.contains(fault.frame) else {
                throw UnusableFaults(reason: "names a frame \"\(fault.frame)\"; frames are " + frames.joined(separator: ", "))
            }
            guard fault.number >= 1 else { throw UnusableFaults(reason: "names frame number \(fault.number); frames are counted from 1") }
        }
        return faults
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

/// What is wrong with faults that were asked for.
private struct UnusableFaults: Error { let reason: String }

/// Access to fault injection from other modules. Has no effect outside tests.
public enum FaultInjection {
    /// Returns why a text is no list of faults; nil where it is one.
    package static func problem(in text: String) -> String? {
        do throws(UnusableFaults) { _ = try FaultInjector.parse(text) } catch { return error.reason }
        return nil
    }

    /// Names this process, for faults of that process.
    /// - Parameter process: a role and a rank, such as `worker-1`.
    public static func identify(_ process: String) { FaultInjector.shared?.identify(process) }

    /// Removes all faults from the environment, so that restarted processes have none.
    public static func clear() { unsetenv(FaultInjector.variable) }
}
