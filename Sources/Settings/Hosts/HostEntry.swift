import RunLog

/// A host as the file of hosts describes it.
package struct HostEntry: Codable, Sendable, Equatable {
    /// The name in output; by default the name that ssh uses.
    package var name: String?
    /// The address at which other hosts reach it; by default the host that ssh connects to.
    package var address: String?
    /// The destination of ssh: `host` or `user@host`, or a name from ssh's own configuration.
    package var ssh: String?
    package var ssh_port: Int?
    package var identity_file: String?
    /// Hosts that ssh goes through.
    package var jump: String?
    /// Further options of ssh, `Name=value`.
    package var ssh_options: [String]?
    package var workers: Int?
    /// Kernel threads of each worker; the same on all hosts.
    package var threads: Int?
    /// The packed data set there.
    package var data: String?
    /// The program there (colonnade).
    package var program: String?
    /// The working directory on the host; by default the home directory.
    package var directory: String?
    /// Whether the coordinator is here; by default it is on the first host.
    package var coordinator: Bool?
    /// For `plan`: its cores, how fast its kernels are beside those that were measured, and its connection, as in `10Gbit/s` and `50us`.
    package var cores: Int?
    package var speed: Double?
    package var bandwidth: String?
    package var latency: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, address, ssh, ssh_port, identity_file, jump, ssh_options, workers, threads, data, program, directory, coordinator
        case cores, speed, bandwidth, latency
    }

    /// Of the destination `user@host`, and of `ssh://user@host:port`.
    private var sshHost: String {
        var text = (ssh ?? "")[...]
        if text.hasPrefix("ssh://") {
            text = text.dropFirst(6)
            if let colon = text.lastIndex(of: ":"), Int(text[text.index(after: colon)...]) != nil { text = text[..<colon] }
        }
        return String(text.split(separator: "@", omittingEmptySubsequences: false).last ?? text)
    }

    package var label: String { name ?? sshHost }
    package var reachedAt: String { address ?? sshHost }
    package var workerCount: Int { workers ?? 1 }
    package var programPath: String { program ?? "colonnade" }

    /// What is not stated is taken from `defaults`.
    func with(_ defaults: HostEntry) -> HostEntry {
        var entry = self
        entry.ssh = ssh ?? defaults.ssh ?? address ?? name
        entry.ssh_port = ssh_port ?? defaults.ssh_port
        entry.identity_file = identity_file ?? defaults.identity_file
        entry.jump = jump ?? defaults.jump
        entry.ssh_options = (defaults.ssh_options ?? []) + (ssh_options ?? [])
        entry.workers = workers ?? defaults.workers
        entry.threads = threads ?? defaults.threads
        entry.data = data ?? defaults.data
        entry.program = program ?? defaults.program
        entry.directory = directory ?? defaults.directory
        entry.cores = cores ?? defaults.cores
        entry.speed = speed ?? defaults.speed
        entry.bandwidth = bandwidth ?? defaults.bandwidth
        entry.latency = latency ?? defaults.latency
        return entry
    }

    /// What is wrong with it, in a sentence; nil where nothing is.
    var problem: String? {
        func isWord(_ text: String) -> Bool {
            !text.isEmpty && !text.hasPrefix("-")
                && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && !$0.properties.isWhitespace }
        }
        guard let ssh, isWord(ssh) else { return "names no place to connect to; write ssh: user@host" }
        guard isWord(reachedAt) else { return "has no address; write address: with a name or number that other hosts reach it at" }
        guard (1...63).contains(label.utf8.count), !label.hasPrefix("."), label.utf8.allSatisfy(Self.isNameByte) else {
            return "is named \"\(label)\"; give it a name of letters, digits, dots and dashes"
        }
        guard (0...64).contains(workerCount) else { return "has \(workerCount) workers; write a number from 0 to 64" }
        guard (1...4096).contains(threads ?? 1) else { return "has \(threads ?? 0) threads; write a number above 0" }
        guard (1...65535).contains(ssh_port ?? 22) else { return "has the ssh_port \(ssh_port ?? 0); write a number from 1 to 65535" }
        guard (1...4096).contains(cores ?? 1) else { return "has \(cores ?? 0) cores; write a number above 0" }
        guard (0.01...100).contains(speed ?? 1) else {
            return "has the speed \(speed ?? 0); write 1 for a host like the one that measures, 0.5 for one half as fast"
        }
        if let bandwidth, Quantity.bandwidth(bandwidth) == nil {
            return "has the bandwidth \"\(PrintableText.sanitized(bandwidth))\"; write it as 10Gbit/s or 1.2GB/s"
        }
        if let latency, Quantity.time(latency) == nil {
            return "has the latency \"\(PrintableText.sanitized(latency))\"; write it as 50us or 0.2ms"
        }
        if let jump, !isWord(jump) { return "has a jump that is not a host; write user@host" }
        for option in ssh_options ?? [] { if let problem = SSHOption.problem(option) { return problem } }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
    }
}
