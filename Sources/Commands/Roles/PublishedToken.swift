import Glibc
import RunLog
import Wire

/// A run's token where its processes find it, until the run ends.
struct PublishedToken {
    private let token: RunToken
    private let file: PublishedFile

    /// Draws a token and leaves it in the run's directory.
    init(_ directory: RunDirectory) throws {
        (token, file) = (try RunToken.random(), PublishedFile(path: directory.tokenPath))
        // One that is there is from a coordinator that was killed.
        try token.write(to: file.path, replaces: true)
    }

    var source: TokenSource { .token(token) }

    /// Leaves it under the coordinator's address too, for this user's workers that are told no more than that.
    func publish(_ address: SocketAddress) -> PublishedFile? {
        do { return PublishedFile(path: try TokenDirectory.publish(token, for: address)) } catch {
            Terminal.error("workers need --token-file \(file.path): \(error)")
            return nil
        }
    }

    func remove() { file.remove() }
}

/// A file that must not outlive its command. The command removes it: an object that did so when nobody held it any more
/// would be late where another thread's closure still does as the process ends.
struct PublishedFile {
    let path: String
    func remove() { unlink(path) }
}
