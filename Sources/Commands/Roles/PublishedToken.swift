import Glibc
import RunLog
import Wire

/// A run's token where its processes find it, removed when the run ends.
final class PublishedToken: Sendable {
    private let token: RunToken
    private let path: String

    /// Draws a token and leaves it in the run's directory.
    init(_ directory: RunDirectory) throws {
        (token, path) = (try RunToken.random(), directory.tokenPath)
        // One that is there is from a coordinator that was killed.
        try token.write(to: path, replaces: true)
    }

    deinit { unlink(path) }

    var source: TokenSource { .token(token) }

    /// Leaves it under the coordinator's address too, for this user's workers that are told no more than that.
    /// - Returns: what removes it.
    func publish(_ address: SocketAddress) -> PublishedFile? {
        do { return PublishedFile(try TokenDirectory.publish(token, for: address)) } catch {
            Terminal.error("workers need --token-file \(path): \(error)")
            return nil
        }
    }

    /// A file that goes with this object.
    final class PublishedFile: Sendable {
        private let path: String
        init(_ path: String) { self.path = path }
        deinit { unlink(path) }
    }
}
