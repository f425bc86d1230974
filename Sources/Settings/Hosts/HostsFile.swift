import Foundation
import NeuralNetwork
import Platform
import RunLog
import Tensors

/// The file of hosts that `launch` and `doctor` take: YAML with `hosts`, what they have in common under `defaults`, and the
/// coordinator's port. docs/launching.md describes it.
package struct HostsFile: Sendable, Equatable {
    package let hosts: [HostEntry]
    /// The port at which the coordinator accepts connections; 0 lets its host choose.
    package let coordinatorPort: UInt16

    package static let limit = 256

    /// - Throws: `CommandFailure`, with what to correct.
    package init(path: String) throws {
        let bytes: [UInt8]
        do { bytes = try SmallFile.read(path, limit: SettingsText.byteLimit) } catch {
            throw CommandFailure(CommandFailure.noInput, "\(error); name a file of hosts with --hosts")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(CommandFailure.configuration, "\(path) is not UTF-8 text")
        }
        do { try self.init(text: text) } catch {
            throw CommandFailure(CommandFailure.configuration, "\(path): \(CommandFailure(error)?.description ?? "\(error)")")
        }
    }

    package init(text: String) throws {
        let root: JSONValue
        do { root = try SettingsText.value(text) } catch let error as NetworkError { throw error } catch {
            throw NetworkError("not valid YAML: \("\(error)".split(separator: "\n").prefix(2).joined(separator: " "))")
        }
        guard case .object(let fields) = root, case .array(let list)? = fields["hosts"], !list.isEmpty else {
            throw NetworkError("there are no hosts; write hosts: and below it an entry for each, such as - ssh: user@host")
        }
        guard list.count <= Self.limit else { throw NetworkError("there are \(list.count) hosts, more than \(Self.limit)") }
        try Self.checkKeys(fields, known: ["hosts", "defaults", "coordinator_port"], place: "the file")
        let defaults = try fields["defaults"].map { try Self.entry($0, "defaults") } ?? HostEntry()
        var hosts: [HostEntry] = []
        for (number, value) in list.enumerated() {
            let host = try Self.entry(value, "host \(number + 1)").with(defaults)
            if let problem = host.problem { throw NetworkError("host \(number + 1) \(problem)") }
            guard !hosts.contains(where: { $0.label == host.label }) else {
                throw NetworkError("two hosts are named \(host.label); give each a name: of its own")
            }
            hosts.append(host)
        }
        let marked = hosts.filter { $0.coordinator == true }
        guard marked.count <= 1 else {
            throw NetworkError("\(marked.map(\.label).joined(separator: " and ")) are marked as the coordinator's; mark one")
        }
        // The coordinator's host comes first.
        self.hosts = marked + hosts.filter { $0.coordinator != true }
        switch fields["coordinator_port"] {
        case nil: coordinatorPort = 0
        case .integer(let port)? where UInt16(exactly: port) != nil: coordinatorPort = UInt16(port)
        default: throw NetworkError("coordinator_port is a number from 0 to 65535")
        }
    }

    /// The host of the coordinator.
    package var first: HostEntry { hosts[0] }
    package var workers: Int { hosts.reduce(0) { $0 + $1.workerCount } }

    /// Kernel threads where hosts state them.
    /// - Throws: where they differ: the bits of a run depend on the number.
    package var threads: Int? {
        get throws {
            let stated = Set(hosts.filter { $0.workerCount > 0 }.map(\.threads))
            guard stated.count <= 1 else {
                throw NetworkError(
                    "hosts have different numbers of threads; a run takes one, on which its bits depend: state it in defaults")
            }
            return stated.first ?? nil
        }
    }

    private static func entry(_ value: JSONValue, _ place: String) throws -> HostEntry {
        guard case .object(let fields) = value else { throw NetworkError("\(place) is not a mapping; write - ssh: user@host") }
        try checkKeys(fields, known: HostEntry.CodingKeys.allCases.map(\.rawValue), place: place)
        do { return try JSONDecoder().decode(HostEntry.self, from: JSONEncoder().encode(value)) } catch {
            throw NetworkError("\(place): \(CommandFailure(error)?.description ?? "\(error)")")
        }
    }

    private static func checkKeys(_ fields: [String: JSONValue], known: [String], place: String) throws {
        if let key = fields.keys.filter({ !known.contains($0) }).min() {
            throw NetworkError(
                "\(place) has \"\(PrintableText.sanitized(key))\", which is not a known key; the keys are \(known.joined(separator: ", "))")
        }
    }
}
