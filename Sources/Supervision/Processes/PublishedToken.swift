import Glibc
package import RunLog
package import Security

/// A run's token in a file where the run's processes find it. The file is removed when the run ends.
package struct PublishedToken: Sendable {
    private let token: RunToken
    private let file: PublishedFile

    /// Draws a token and writes it to the run's directory.
    /// - Parameter takesOver: Whether to keep the token of a coordinator that was killed, which the run's processes know.
    package init(_ directory: RunDirectory, takesOver: Bool) throws {
        file = PublishedFile(path: directory.tokenPath)
        if takesOver, let known = try? RunToken(file: file.path) {
            token = known
            return
        }
        token = try RunToken.random()
        // An existing file is from a coordinator that was killed.
        try token.write(to: file.path, replaces: true)
    }

    package var source: TokenSource { .token(token) }

    /// Writes the token under the coordinator's address too, for this user's workers that are given only the address.
    package func publish(_ address: SocketAddress, _ reporter: any Reporter) -> PublishedFile? {
        do { return PublishedFile(path: try TokenDirectory.publish(token, for: address)) } catch {
            reporter.error("workers need --token-file \(file.path): \(error)")
            return nil
        }
    }

    package func remove() { file.remove() }
}

/// A file that must not outlive its command. The command removes it explicitly: a deinitializer would not run if another thread's
/// closure still holds the object when the process ends.
package struct PublishedFile: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package func remove() { unlink(path) }
}
