package import Foundation
import Platform
package import Security

/// The protection of connections that a user asked for.
package struct SecurityRequest: Codable, Sendable, Equatable {
    /// A directory of certificates; nil takes a token, or none.
    package var certificates: String?
    /// Whether keys may belong to root and be readable by a group of this process.
    package var groupReadableKeys: Bool
    package var tokenFile: String?
    /// An inherited descriptor from which the token is read, once.
    package var tokenDescriptor: Int32?
    /// Seconds that a handshake may take.
    package var greetingTimeout: Double
    package var maxStrangers: Int
    package var maxConnections: Int

    package init(
        certificates: String?, groupReadableKeys: Bool, tokenFile: String?, tokenDescriptor: Int32?, greetingTimeout: Double,
        maxStrangers: Int, maxConnections: Int
    ) {
        (self.certificates, self.groupReadableKeys, self.tokenFile) = (certificates, groupReadableKeys, tokenFile)
        (self.tokenDescriptor, self.greetingTimeout) = (tokenDescriptor, greetingTimeout)
        (self.maxStrangers, self.maxConnections) = (maxStrangers, maxConnections)
    }

    package var limits: ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.greeting, limits.strangers, limits.connections) = (greetingTimeout, maxStrangers, maxConnections)
        return limits
    }

    private func material(_ directory: String, _ role: PeerRole, log: @escaping @Sendable (String) -> Void) throws -> TLSMaterial {
        try TLSMaterial(directory: directory, role: role, keyReaders: groupReadableKeys ? .group : .owner, log: log)
    }

    /// Returns when a role's certificate expires; nil without certificates.
    package func end(of role: PeerRole) throws -> Date? {
        try certificates.flatMap { try TLSMaterial.end(of: role, in: $0, keyReaders: groupReadableKeys ? .group : .owner) }
    }

    /// Checks that connections at an address are encrypted, or need not be.
    /// - Parameter isInsecure: whether the user has stated that the network is trusted.
    /// - Throws: `CommandFailure` if an address of other hosts would be used without encryption.
    package func check(_ address: SocketAddress, isInsecure: Bool) throws {
        guard address.isLoopback || isInsecure || certificates != nil else {
            throw CommandFailure(
                CommandFailure.usage,
                "\(address) is reachable from other hosts and its connections are not encrypted; name certificates with --certificates, "
                    + "or give --insecure if everyone on that network is trusted")
        }
    }

    /// Checks the roles' certificate files before anything is started.
    package func checked(for roles: [PeerRole]) throws {
        guard let certificates else { return }
        for role in roles { _ = try material(certificates, role) { _ in } }
    }

    /// Returns the protection of a role's connections.
    /// - Parameters:
    ///   - otherwise: the token's source if no option names one.
    ///   - log: receives messages about certificates that have changed.
    ///   - refused: receives messages about connections that were refused.
    package func protection(
        _ role: PeerRole, otherwise: @autoclosure () throws -> TokenSource, log: @escaping @Sendable (String) -> Void,
        refused: @escaping @Sendable (String) -> Void
    ) throws -> LinkSecurity {
        if let certificates {
            return LinkSecurity(.encrypted(try material(certificates, role, log: log)), limits: limits, refused: refused)
        }
        return LinkSecurity(.plain(try namedToken ?? otherwise()), limits: limits, refused: refused)
    }

    /// The token that an option names.
    private var namedToken: TokenSource? {
        get throws {
            if let tokenFile { return try .file(tokenFile) }
            return try tokenDescriptor.map { try .token(RunToken(descriptor: $0)) }
        }
    }

    package var namesToken: Bool { tokenFile != nil || tokenDescriptor != nil }

    /// These options as arguments for another process.
    package var arguments: [String] {
        joiningArguments
            + ["--greeting-timeout", "\(greetingTimeout)", "--max-strangers", "\(maxStrangers)", "--max-connections", "\(maxConnections)"]
    }

    /// The arguments with which a worker or store that a user starts on this machine is admitted. It finds a drawn token by itself.
    package var joiningArguments: [String] {
        (certificates.map { ["--certificates", $0] } ?? []) + (groupReadableKeys ? ["--group-readable-keys"] : [])
            + (tokenFile.map { ["--token-file", $0] } ?? [])
    }

    /// Returns the arguments of a worker or store that `train` or `launch` starts.
    /// - Parameter token: the file to which the coordinator writes its token.
    package func peerArguments(token: String) -> [String] {
        arguments + (certificates == nil && tokenFile == nil ? ["--token-file", token] : [])
    }
}

extension LinkSecurity {
    /// Returns the protection of another role in the same process, such as of the store in a worker's process.
    package func sibling(_ role: PeerRole) throws -> LinkSecurity {
        guard case .encrypted(let material) = protection else { return self }
        return LinkSecurity(.encrypted(try material.sibling(role)), limits: limits, refused: refused)
    }
}
