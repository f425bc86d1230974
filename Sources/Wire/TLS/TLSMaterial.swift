package import Foundation
import Threading

/// A role's certificates in a directory, read again when they change: new connections use new files, and those that are
/// open go on.
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
    ///   - keyReaders: who may read the key beside this user.
    ///   - log: takes a sentence when files have changed, or cannot be used.
    /// - Throws: `WireError` with what to do about the file that is wrong.
    package init(directory: String, role: PeerRole, keyReaders: PrivateFile.Readers = .owner, log: @escaping @Sendable (String) -> Void) throws {
        (self.directory, self.role, self.keyReaders, self.log) = (directory, role, keyReaders, log)
        let stamps = TLSFiles.stamps(directory, role)
        state = Monitor(State(context: try TLSContext(TLSFiles(directory, role, keyReaders: keyReaders)), stamps: stamps))
    }

    /// The same directory's material of another role.
    public func sibling(_ role: PeerRole) throws -> TLSMaterial { try TLSMaterial(directory: directory, role: role, keyReaders: keyReaders, log: log) }

    /// When a role's certificate in a directory ends.
    /// - Throws: where the files cannot be used.
    package static func end(of role: PeerRole, in directory: String, keyReaders: PrivateFile.Readers = .owner) throws -> Date? {
        let files = try TLSFiles(directory, role, keyReaders: keyReaders)
        return try Certificate(pem: files.certificate.bytes, source: files.certificate.path).ends
    }

    /// What a new connection is made with.
    func context() -> TLSContext {
        let stamps = TLSFiles.stamps(directory, role)
        return state.update { state in
            guard stamps != state.stamps else { return state.context }
            // Looked at again when they change again, not for every connection.
            state.stamps = stamps
            do {
                state.context = try TLSContext(TLSFiles(directory, role, keyReaders: keyReaders))
                log("the certificates in \(directory) have changed: new connections use them")
            } catch {
                log("the certificates in \(directory) have changed and cannot be used, so that the ones before stay: \(error)")
            }
            return state.context
        }
    }
}
