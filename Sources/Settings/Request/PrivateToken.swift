import Foundation
import Platform
import Security

/// A secret that a person or a program presents.
package enum PrivateToken {
    /// Reads a token from a file.
    /// - Throws: an error if others can read the file, or if it has fewer than 16 characters.
    package static func read(_ path: String) throws -> String {
        let text = String(decoding: try PrivateFile.read(path, followsLinks: false), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.count >= 16 else {
            throw CommandFailure(
                CommandFailure.data,
                "\(path) does not hold a token; write at least 16 characters to it, for example with `openssl rand -hex 32`")
        }
        return text
    }
}
