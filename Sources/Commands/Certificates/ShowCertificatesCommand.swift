import ArgumentParser
import Foundation
import Security

/// `colonnade certificates show`.
struct ShowCertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Lists every certificate that was issued.")

    @Argument(help: ArgumentHelp("The directory created by `certificates create`.", valueName: "dir"))
    var directory: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let entries = try CertificateDirectory(directory).entries()
        guard !json else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return print(String(decoding: try encoder.encode(entries), as: UTF8.self))
        }
        for entry in entries {
            let state = entry.revoked.map { "revoked \($0)" } ?? (entry.isCurrent ? "in use" : "replaced")
            print("\(entry.subject): \(entry.role), \(state), valid \(entry.starts) to \(entry.ends)")
            print("  serial \(entry.serial)")
            print("  fingerprint \(entry.fingerprint)")
        }
    }
}
