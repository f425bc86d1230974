import Foundation
import Glibc
import Wire

/// A secret that a person or a program brings along.
enum PrivateToken {
    /// - Throws: for a file that others can read, and one that is empty.
    static func read(_ path: String) throws -> String {
        let text = String(decoding: try PrivateFile.read(path, followsLinks: false), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.count >= 16 else {
            throw CommandFailure(CommandFailure.data, "\(path) holds no token: at least 16 characters, as `openssl rand -hex 32` makes them")
        }
        return text
    }
}

/// The dashboard's token and the file that it is in: one that was named, or a new one that goes with the process.
struct DashboardToken {
    let text: String
    let path: String
    private let own: PublishedFile?

    init(file: String?) throws {
        if let file {
            (path, own) = (file, nil)
        } else {
            path = try TokenDirectory.place(named: "dashboard-\(getpid())")
            own = PublishedFile(path: path)
            try RunToken.random().write(to: path, replaces: true)
        }
        text = try PrivateToken.read(path)
    }

    func remove() { own?.remove() }
}
