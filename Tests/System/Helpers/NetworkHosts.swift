import TestSupport

/// Hosts that are network namespaces, connected by a bridge. Each has an address and a link that can be slowed down or cut.
/// They are removed with this object.
final class NetworkHosts {
    private let names: [String]
    private let bridge: String
    /// The ends of the hosts' links at the bridge.
    private let ports: [String]
    private var processes: [StartedProcess] = []

    /// Returns nil if this system does not allow network namespaces.
    init?(_ count: Int) {
        let stamp = String(UInt32.random(in: 0...UInt32.max), radix: 36)
        (names, bridge) = ((0..<count).map { "col-\(stamp)-\($0)" }, "cb\(stamp)")
        ports = (0..<count).map { "c\(stamp)-\($0)" }
        var isMade = Self.run(["ip", "link", "add", bridge, "type", "bridge"]) && Self.run(["ip", "link", "set", bridge, "up"])
        for (host, (name, port)) in zip(names, ports).enumerated() where isMade {
            isMade =
                Self.run(["ip", "netns", "add", name])
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
        for process in processes.reversed() { process.end() }
        remove()
    }

    private func remove() {
        for name in names { _ = Self.run(["ip", "netns", "delete", name]) }
        _ = Self.run(["ip", "link", "delete", bridge])
    }

    static func address(_ host: Int) -> String { "10.78.0.\(host + 1)" }

    private static func run(_ words: [String]) -> Bool { output(words) != nil }

    /// Returns the output of a command; nil if it fails.
    private static func output(_ words: [String]) -> String? {
        guard let result = try? Program.run(words), result.code == 0 else { return nil }
        return result.output
    }

    /// Cuts a host's link or restores it.
    func setLink(of host: Int, _ isUp: Bool) { _ = Self.run(["ip", "link", "set", ports[host], isUp ? "up" : "down"]) }

    /// Limits the bandwidth of a host's link in both directions.
    /// - Parameter rate: in the format of tc.
    /// - Returns: false if this system cannot do it.
    func slow(_ host: Int, to rate: String) -> Bool {
        let shape = ["root", "tbf", "rate", rate, "burst", "64kb", "latency", "100ms"]
        return Self.run(["tc", "qdisc", "replace", "dev", ports[host]] + shape)
            && Self.run(["tc", "-n", names[host], "qdisc", "replace", "dev", "eth0"] + shape)
    }

    /// Returns the addresses with ports at which processes on a host listen.
    func listening(on host: Int) -> [String] {
        let lines = Self.output(["ip", "netns", "exec", names[host], "ss", "-Hltn"])?.split(separator: "\n") ?? []
        return lines.compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 3 ? String(words[3]) : nil
        }
    }

    /// Starts `colonnade` on a host.
    func start(_ runner: CommandRunner, on host: Int, _ arguments: [String]) throws -> StartedProcess {
        let process = try runner.start(arguments, under: ["ip", "netns", "exec", names[host]])
        processes.append(process)
        return process
    }
}
