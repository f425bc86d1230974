package import Foundation
import Platform

/// A role's certificates in a directory. Changed files are read again and used by new connections; open connections
/// continue with the old ones.
public final class TLSMaterial: Sendable {
    private struct State {
        var context: TLSContext
        var stamps: [TLSFiles.Stamp?]
    }

    public let directory: String
    public let role: PeerRole
    private let keyReaders: PrivateFile.Readers
    private let log: @Sendable (String) -> Void
    private let state: Monitor<State>

    /// - Parameters:
    ///   - keyReaders: who besides this user may read the key.
    ///   - log: receives a sentence when changed files are used, or cannot be used.
    /// - Throws: `WireError` that names the unusable file and the remedy.
    package init(
        directory: String, role: PeerRole, keyReaders: PrivateFile.Readers = .owner, log: @escaping @Sendable (String) -> Void
    ) throws {
        (self.directory, self.role, self.keyReaders, self.log) = (directory, role, keyReaders, log)
        let stamps = TLSFiles.stamps(directory, role)
        state = Monitor(State(context: try TLSContext(TLSFiles(directory, role, keyReaders: keyReaders)), stamps: stamps))
    }

    /// Returns another role's material from the same directory.
    /// - Throws: `WireError` that names the unusable file and the remedy.
    public func sibling(_ role: PeerRole) throws -> TLSMaterial {
        try TLSMaterial(directory: directory, role: role, keyReaders: keyReaders, log: log)
    }

    /// Returns the expiry date of a role's certificate in a directory.
    /// - Throws: `WireError` if a file of the role is unusable.
    package static func end(of role: PeerRole, in directory: String, keyReaders: PrivateFile.Readers = .owner) throws -> Date? {
        let files = try TLSFiles(directory, role, keyReaders: keyReaders)
        return try Certificate(pem: files.certificate.bytes, source: files.certificate.path).ends
    }

    /// Starts TLS on a connection, after reading changed files again.
    /// - Parameter descriptor: the connected, nonblocking socket; the caller keeps ownership and closes it.
    /// - Throws: `WireError` if the system provides no memory for it.
    package func session(descriptor: Int32, isListener: Bool) throws -> TLSSession {
        try TLSSession(context(), descriptor: descriptor, isListener: isListener)
    }

    /// Returns the context for a new connection, after reading changed files again.
    private func context() -> TLSContext {
        let stamps = TLSFiles.stamps(directory, role)
        return state.update { state in
            guard stamps != state.stamps else { return state.context }
            // Unusable files are read again only when they change again, not for every connection.
            state.stamps = stamps
            do {
                state.context = try TLSContext(TLSFiles(directory, role, keyReaders: keyReaders))
                log("the certificates in \(directory) have changed; new connections use the new ones")
            } catch {
                log("the certificates in \(directory) have changed, but the new ones are unusable; the previous ones stay in use: \(error)")
            }
            return state.context
        }
    }
}
