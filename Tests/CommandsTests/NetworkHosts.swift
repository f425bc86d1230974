import Foundation

/// Hosts made of network namespaces, joined by a bridge, each with an address and a link that can be slowed and cut. Gone with the object.
final class NetworkHosts {
    private let names: [String]
    private let bridge: String
    /// The bridge's ends of the hosts' links.
    private let ports: [String]
    private var processes: [Process] = []

    /// - Returns: nil where this system does not allow them.
    init?(_ count: Int) {
        let stamp = String(UInt32.random(in: 0...UInt32.max), radix: 36)
        (names, bridge) = ((0..<count).map { "col-\(stamp)-\($0)" }, "cb\(stamp)")
        ports = (0..<count).map { "c\(stamp)-\($0)" }
        var isMade = Self.run(["ip", "link", "add", bridge, "type", "bridge"]) && Self.run(["ip", "link", "set", bridge, "up"])
        for (host, (name, port)) in zip(names, ports).enumerated() where isMade {
            isMade = Self.run(["ip", "netns", "add", name])
                && Self.run(["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name])
                && Self.run(["ip", "link", "set", port, "master", bridge, "up"])
                && Self.run(["ip", "-n", name, "address", "add", "\(Self.address(host))/24", "dev", "eth0"])
                // A host may have more addresses than the one that it is to be reached at.
                && Self.run(["ip", "-n", name, "address", "add", "10.79.0.\(host + 1)/24", "dev", "eth0"])
                && Self.run(["ip", "-n", name, "link", "set", "eth0", "up"]) && Self.run(["ip", "-n", name, "link", "set", "lo", "up"])
        }
        guard isMade else {
            remove()
            return nil
        }
    }

    deinit {
        for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        remove()
    }

    private func remove() {
        for name in names { _ = Self.run(["ip", "netns", "delete", name]) }
        _ = Self.run(["ip", "link", "delete", bridge])
    }

    static func address(_ host: Int) -> String { "10.78.0.\(host + 1)" }

    private static func run(_ words: [String]) -> Bool { output(words) != nil }

    /// - Returns: nil where the command fails.
    private static func output(_ words: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return nil }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
    }

    /// Takes a host's link away, or brings it back.
    func setLink(of host: Int, _ isUp: Bool) { _ = Self.run(["ip", "link", "set", ports[host], isUp ? "up" : "down"]) }

    /// Limits a host's link, each way.
    /// - Parameter rate: as tc takes it.
    /// - Returns: false where this system cannot.
    func slow(_ host: Int, to rate: String) -> Bool {
        let shape = ["root", "tbf", "rate", rate, "burst", "64kb", "latency", "100ms"]
        return Self.run(["tc", "qdisc", "replace", "dev", ports[host]] + shape)
            && Self.run(["tc", "-n", names[host], "qdisc", "replace", "dev", "eth0"] + shape)
    }

    /// Addresses with their ports at which something on a host waits for connections.
    func listening(on host: Int) -> [String] {
        let lines = Self.output(["ip", "netns", "exec", names[host], "ss", "-Hltn"])?.split(separator: "\n") ?? []
        return lines.compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 3 ? String(words[3]) : nil
        }
    }

    func start(_ runner: CommandRunner, on host: Int, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip", "netns", "exec", names[host], CommandRunner.executable] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: runner.directory)
        process.environment = runner.environment
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        processes.append(process)
        return process
    }
}
