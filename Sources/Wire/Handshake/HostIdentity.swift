import Foundation
import Glibc

/// Facts of this process that a handshake compares.
public enum HostIdentity {
    /// Equal for two processes that can open each other's shared memory: one boot of one kernel, one process
    /// namespace, one user of one user namespace. Another network namespace counts as another host: what it may exchange is its links' matter.
    public static let value: String = {
        // Where the system does not tell, nobody is on the same host: frames work there too.
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
            ?? "\(UInt64.random(in: .min ... .max))"
        func namespace(_ kind: String) -> String {
            var link = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/ns/\(kind)", &link, link.count - 1)
            return String(decoding: link.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines)) \(namespace("pid")) \(namespace("net")) \(namespace("user")) \(getuid())"
    }()

    public static var hostName: String { ProcessInfo.processInfo.hostName }

    /// The processor's model as the system names it.
    public static let cpuModel: String = {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        }
        return "unknown"
    }()
}

/// The release that this process is of.
public enum Product {
    public static let version = "0.1.0"
}
