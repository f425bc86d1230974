import ArgumentParser
import Foundation
import Security
import Settings

/// The options, common to all roles, that decide who may connect.
struct SecurityOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Encrypt with these certificates (see `colonnade certificates`).", valueName: "dir"))
    var certificates: String?

    @Flag(
        help: "Accept keys that belong to root and that a group of this process may read, as Kubernetes mounts them.")
    var groupReadableKeys = false

    @Option(
        help: ArgumentHelp("Without certificates: a file of mode 0600 that holds the run's token.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Without certificates: an inherited descriptor from which to read the token.", valueName: "number"))
    var tokenDescriptor: Int32?

    @Option(help: ArgumentHelp("How long a connection may take to complete its handshake.", valueName: "seconds"))
    var greetingTimeout = ConnectionLimits().greeting

    @Option(help: "Connections that have not completed their handshake, at any time; one more closes the oldest.")
    var maxStrangers = ConnectionLimits().strangers

    @Option(help: "All connections of a listening process.")
    var maxConnections = ConnectionLimits().connections

    func validate() throws {
        guard [certificates, tokenFile, tokenDescriptor.map(String.init)].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("--certificates, --token-file and --token-descriptor exclude each other; give one")
        }
        guard greetingTimeout > 0, greetingTimeout <= 3600, (1...65536).contains(maxStrangers), (1...65536).contains(maxConnections) else {
            throw ValidationError(
                "--greeting-timeout must be above 0 and at most 3600, --max-strangers and --max-connections from 1 to 65536")
        }
    }

    var request: SecurityRequest {
        SecurityRequest(
            certificates: certificates, groupReadableKeys: groupReadableKeys, tokenFile: tokenFile, tokenDescriptor: tokenDescriptor,
            greetingTimeout: greetingTimeout, maxStrangers: maxStrangers, maxConnections: maxConnections)
    }
}
