import Glibc
import Platform

/// The source of a process's run token. The token is read again for each connection to the coordinator, which may have
/// restarted with a new one.
public final class TokenSource: Sendable {
    enum Origin: Sendable {
        /// No token: connections are unauthenticated, as with `--insecure`.
        case none
        /// Passed by the caller.
        case given
        case file(String)
        /// Published by the coordinator in `TokenDirectory`.
        case published
    }

    let origin: Origin
    private let state: Monitor<RunToken?>

    private init(_ origin: Origin, _ token: RunToken? = nil) {
        self.origin = origin
        state = Monitor(token)
    }

    public static let none = TokenSource(.none)
    /// Finds the token that the coordinator has published in `TokenDirectory`.
    public static func published() -> TokenSource { TokenSource(.published) }
    public static func token(_ token: RunToken) -> TokenSource { TokenSource(.given, token) }

    /// Reads the token from a file.
    /// - Throws: `WireError` if others can read the file, or it does not contain a token.
    public static func file(_ path: String) throws -> TokenSource { TokenSource(.file(path), try RunToken(file: path)) }

    /// The token as last read.
    package var current: RunToken? { state.read { $0 } }

    /// Reads the token again for a connection to the coordinator.
    package func token(for coordinator: SocketAddress) throws -> RunToken? {
        switch origin {
        case .none, .given: break
        case .file(let path):
            let token = try RunToken(file: path)
            state.update { $0 = token }
        case .published:
            let token = try TokenDirectory.find(coordinator)
            state.update { $0 = token }
        }
        return current
    }

    /// The remedy for users if the token differs from the other side's.
    package var remedy: String {
        switch origin {
        case .file(let path): "\(path) is not that run's token; name the token file in the run's directory with --token-file"
        case .given: "the given token is not that run's; use the one in the run's directory"
        case .none, .published: "name the token file with --token-file; it is RUNS/NAME/token on the coordinator's machine"
        }
    }
}
