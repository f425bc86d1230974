package import Platform
import RunLog
package import Settings

/// Connections to all hosts of a file, opened at once.
package enum HostGroup {
    /// - Parameters:
    ///   - show: takes lines of a host's processes.
    /// - Returns: in the order of the hosts, each with what it says of itself or why it cannot be reached.
    package static func open(
        _ hosts: [HostEntry], show: @escaping @Sendable (_ host: String, _ process: String, _ line: String) -> Void
    ) -> [(host: HostEntry, result: Result<(HostConnection, HostFacts), CommandFailure>)] {
        let found = Monitor([Int: Result<(HostConnection, HostFacts), CommandFailure>]())
        for (number, host) in hosts.enumerated() {
            _ = ServiceThread(name: "connect") {
                let result = Result { try open(host, show: show) }.mapError {
                    CommandFailure($0) ?? CommandFailure(CommandFailure.unavailable, "\($0)")
                }
                found.update { $0[number] = result }
            }
        }
        let all = found.wait { $0.count == hosts.count ? $0 : nil } ?? [:]
        return hosts.enumerated().map { ($1, all[$0] ?? .failure(CommandFailure(CommandFailure.software, "\($1.label) was left out"))) }
    }

    /// One connection, up.
    static func open(
        _ host: HostEntry, show: @escaping @Sendable (_ host: String, _ process: String, _ line: String) -> Void
    ) throws -> (HostConnection, HostFacts) {
        let label = host.label
        let connection = try HostConnection(host) { show(label, $0, $1) }
        // ssh gives up by itself after ten seconds for each host that it goes through.
        return (connection, try connection.facts(within: 45))
    }

    /// Finds what differs between hosts and must not: a sentence for each host that differs from this machine's release or from the
    /// first host.
    package static func differences(_ hosts: [(name: String, facts: HostFacts)], version: String) -> [String] {
        guard let first = hosts.first else { return [] }
        return hosts.compactMap { host in
            if host.facts.version != version {
                return
                    "\(host.name) has colonnade \(PrintableText.sanitized(host.facts.version)), this machine \(version); install the same release everywhere"
            }
            func sort(_ facts: HostFacts) -> [String] { [facts.processor, facts.instructionSet, facts.kernelLibrary] }
            guard sort(host.facts) != sort(first.facts) else { return nil }
            return "\(host.name) computes with \(kind(host.facts)), \(first.name) with \(kind(first.facts)): they would not give the same "
                + "bits; use hosts that are alike"
        }
    }

    private static func kind(_ facts: HostFacts) -> String {
        PrintableText.sanitized("\(facts.processor), \(facts.instructionSet), oneDNN \(facts.kernelLibrary)")
    }
}
