import Foundation
import Glibc

/// Facts about this host and process that a handshake compares.
public enum HostIdentity {
    /// Equal for two processes that can open each other's shared memory: same boot of the same kernel, same process and user
    /// namespaces, same user. A different network namespace counts as another host, whose traffic goes over links.
    public static let value: String = {
        // Without a boot identifier no process counts as on the same host; frames work in any case.
        let boot =
            (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
            ?? "\(UInt64.random(in: .min ... .max))"
        func namespace(_ kind: String) -> String {
            var link = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/ns/\(kind)", &link, link.count - 1)
            return String(decoding: link.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        let namespaces = "\(namespace("pid")) \(namespace("net")) \(namespace("user"))"
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines)) \(namespaces) \(getuid())"
    }()

    public static var hostName: String { ProcessInfo.processInfo.hostName }

    /// The processor's model name from `/proc/cpuinfo`.
    public static let cpuModel: String = {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        }
        return "unknown"
    }()
}
