import Foundation

/// The limits of the process's control group (version 2), as containers and schedulers set them.
enum ControlGroup {
    /// The processor quota, in processors; nil without one.
    static var processors: Double? {
        let words = setting("cpu.max")?.split(separator: " ").compactMap { Double($0) } ?? []
        return words.count == 2 && words[1] > 0 ? words[0] / words[1] : nil
    }

    /// The memory limit in bytes; nil without one.
    static var memory: Int? { setting("memory.max").flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }

    private static func setting(_ name: String) -> String? {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        guard let own = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") })?.dropFirst(3) else { return nil }
        return try? String(contentsOfFile: "/sys/fs/cgroup\(own == "/" ? "" : own)/\(name)", encoding: .utf8)
    }
}
