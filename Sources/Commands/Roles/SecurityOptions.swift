import ArgumentParser
import Foundation
import Wire

/// Who may connect: the options that every role has.
struct SecurityOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Encrypt with these certificates (see `colonnade certificates`).", valueName: "dir"))
    var certificates: String?

    @Flag(
        help: "Take keys that belong to root and that a group of this process may read, as Kubernetes mounts them.")
    var groupReadableKeys = false

    @Option(
        help: ArgumentHelp("Without certificates: the file, of mode 0600, that holds the run's token.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("The same from a descriptor that this process was started with.", valueName: "number"))
    var tokenDescriptor: Int32?

    @Option(help: ArgumentHelp("How long a connection may take to introduce itself.", valueName: "seconds"))
    var greetingTimeout = ConnectionLimits().greeting

    @Option(help: "Connections that have not introduced themselves, at once; one more sheds the oldest.")
    var maxStrangers = ConnectionLimits().strangers

    @Option(help: "Connections in all, of each listening process.")
    var maxConnections = ConnectionLimits().connections

    func validate() throws {
        guard [certificates, tokenFile, tokenDescriptor.map(String.init)].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("--certificates, --token-file and --token-descriptor exclude each other; give one")
        }
        guard greetingTimeout > 0, greetingTimeout <= 3600, (1...65536).contains(maxStrangers), (1...65536).contains(maxConnections) else {
            throw ValidationError("--greeting-timeout, --max-strangers and --max-connections have to be above 0")
        }
    }

    var limits: ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.greeting, limits.strangers, limits.connections) = (greetingTimeout, maxStrangers, maxConnections)
        return limits
    }

    private func material(_ directory: String, _ role: PeerRole, log: @escaping @Sendable (String) -> Void) throws -> TLSMaterial {
        try TLSMaterial(directory: directory, role: role, keyReaders: groupReadableKeys ? .group : .owner, log: log)
    }

    /// When a role's certificate ends; nil without certificates.
    func end(of role: PeerRole) throws -> Date? {
        try certificates.flatMap { try TLSMaterial.end(of: role, in: $0, keyReaders: groupReadableKeys ? .group : .owner) }
    }

    /// - Parameter isInsecure: whether the user has said that the network is trusted.
    /// - Throws: where an address of other hosts would be used without encryption.
    func check(_ address: SocketAddress, isInsecure: Bool) throws {
        guard address.isLoopback || isInsecure || certificates != nil else {
            throw CommandFailure(
                CommandFailure.usage,
                "\(address) is beyond this machine and connections to it are not encrypted; name certificates with --certificates, or "
                    + "say --insecure if everyone on that network is trusted")
        }
    }

    /// Finds what is wrong with the files before anything is started.
    func checked(for roles: [PeerRole]) throws {
        guard let certificates else { return }
        for role in roles { _ = try material(certificates, role) { _ in } }
    }

    /// - Parameters:
    ///   - otherwise: where the token is from when no option says so.
    ///   - log: takes sentences about certificates that have changed.
    ///   - refused: takes sentences about connections that were refused.
    func protection(
        _ role: PeerRole, otherwise: @autoclosure () throws -> TokenSource, log: @escaping @Sendable (String) -> Void,
        refused: @escaping @Sendable (String) -> Void
    ) throws -> LinkSecurity {
        if let certificates {
            return LinkSecurity(.encrypted(try material(certificates, role, log: log)), limits: limits, refused: refused)
        }
        return LinkSecurity(.plain(try given ?? otherwise()), limits: limits, refused: refused)
    }

    /// The token that an option names.
    private var given: TokenSource? {
        get throws {
            if let tokenFile { return try .file(tokenFile) }
            return try tokenDescriptor.map { try .token(RunToken(descriptor: $0)) }
        }
    }

    var namesToken: Bool { tokenFile != nil || tokenDescriptor != nil }

    /// The same options for another process.
    var arguments: [String] {
        (certificates.map { ["--certificates", $0] } ?? []) + (groupReadableKeys ? ["--group-readable-keys"] : []) + (tokenFile.map { ["--token-file", $0] } ?? [])
            + ["--greeting-timeout", "\(greetingTimeout)", "--max-strangers", "\(maxStrangers)", "--max-connections", "\(maxConnections)"]
    }

    /// The options for a child of `train` that is no coordinator.
    /// - Parameter token: where the coordinator leaves it.
    func peerArguments(token: String) -> [String] {
        arguments + (certificates == nil && tokenFile == nil ? ["--token-file", token] : [])
    }
}

extension LinkSecurity {
    /// The protection of another role in the same process, such as the store's in a worker's.
    func sibling(_ role: PeerRole) throws -> LinkSecurity {
        guard case .encrypted(let material) = protection else { return self }
        return LinkSecurity(.encrypted(try material.sibling(role)), limits: limits, refused: refused)
    }
}
