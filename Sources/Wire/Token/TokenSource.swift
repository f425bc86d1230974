import Glibc
import Threading

/// Where a process has its run's token from. It is read anew for each connection to the coordinator, which may have been
/// started again meanwhile.
public final class TokenSource: Sendable {
    enum Origin: Sendable {
        /// Plain connections without a token, as `--insecure` has them.
        case none
        case given
        case file(String)
        /// What the coordinator has left for this user under its address.
        case published
    }

    let origin: Origin
    private let state: Monitor<RunToken?>

    private init(_ origin: Origin, _ token: RunToken? = nil) {
        self.origin = origin
        state = Monitor(token)
    }

    public static let none = TokenSource(.none)
    /// Looks for what the coordinator has left for this user.
    public static func published() -> TokenSource { TokenSource(.published) }
    public static func token(_ token: RunToken) -> TokenSource { TokenSource(.given, token) }

    /// - Throws: where the file is not one that holds a token safely.
    public static func file(_ path: String) throws -> TokenSource { TokenSource(.file(path), try RunToken(file: path)) }

    /// The token as it was last read.
    var current: RunToken? { state.read { $0 } }

    /// Reads the token again, for a connection to the coordinator.
    func token(for coordinator: SocketAddress) throws -> RunToken? {
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

    /// What to say to somebody whose token is not the other side's.
    var remedy: String {
        switch origin {
        case .file(let path): "\(path) is not the token of that run; name the one in the run's directory with --token-file"
        case .given: "the token that was given is not that run's; give the one in the run's directory"
        case .none, .published: "name its file with --token-file, which is RUNS/NAME/token where the run's coordinator is"
        }
    }
}
