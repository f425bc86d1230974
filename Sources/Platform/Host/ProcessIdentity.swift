import Foundation
import Glibc

/// A process of some host, told apart from later ones that get the same number.
public struct ProcessIdentity: Codable, Sendable, Hashable {
    /// The identifier of the host's boot; empty if unknown, which equals no other process's.
    public let boot: String
    /// The namespace in which the process has its number.
    public let namespace: String
    public let number: Int32
    /// The start of the process, in clock ticks since the boot.
    public let start: UInt64

    public init(boot: String, namespace: String, number: Int32, start: UInt64) {
        (self.boot, self.namespace, self.number, self.start) = (boot, namespace, number, start)
    }

    /// This process.
    public static let current: ProcessIdentity = {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let namespace = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        let own = ProcStat("self")
        // Where /proc shows another namespace's numbers, nothing can be said about a process by its number.
        let isOwn = own?.number == getpid() && !namespace.isEmpty
        return ProcessIdentity(
            boot: boot.trimmingCharacters(in: .whitespacesAndNewlines), namespace: isOwn ? namespace : "", number: getpid(),
            start: own?.start ?? 0)
    }()

    /// Whether both processes run, or ran, under the same boot of the same kernel.
    public func isOnSameKernel(as other: ProcessIdentity) -> Bool { !boot.isEmpty && boot == other.boot }

    /// Whether the process has certainly ended. False where that cannot be known, as of a process on another host.
    public var hasEnded: Bool {
        let own = Self.current
        guard isOnSameKernel(as: own), !namespace.isEmpty, namespace == own.namespace, number > 0 else { return false }
        if kill(number, 0) != 0, errno == ESRCH { return true }
        guard let found = ProcStat("\(number)") else { return false }
        return found.start != start || found.state == "Z" || found.state == "X"
    }
}

/// The line of /proc/PROCESS/stat, as far as it is needed.
private struct ProcStat {
    let number: Int32
    let state: Substring
    let start: UInt64

    init?(_ process: String) {
        // The name, in parentheses, may contain anything.
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8), let end = text.lastIndex(of: ")"),
            let number = text.split(separator: " ", maxSplits: 1).first.flatMap({ Int32($0) })
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let start = UInt64(fields[19]) else { return nil }
        (self.number, state, self.start) = (number, fields[0], start)
    }
}
