import Foundation
import Glibc
import Platform
import Security

/// A secret that a person or a program presents.
enum PrivateToken {
    /// Reads a token from a file.
    /// - Throws: an error if others can read the file, or if it has fewer than 16 characters.
    static func read(_ path: String) throws -> String {
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

/// The dashboard's token and its file: one that was named, or a new one that is removed when the process ends.
struct DashboardToken {
    let text: String
    let path: String
    private let newFile: PublishedFile?

    init(file: String?) throws {
        if let file {
            (path, newFile) = (file, nil)
        } else {
            path = try TokenDirectory.place(named: "dashboard-\(getpid())")
            newFile = PublishedFile(path: path)
            try RunToken.random().write(to: path, replaces: true)
        }
        text = try PrivateToken.read(path)
    }

    func remove() { newFile?.remove() }
}
