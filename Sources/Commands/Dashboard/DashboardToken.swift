import Foundation
import Glibc
import Wire

/// The dashboard's token and the file that it is in: one that was named, or a new one that goes with the process.
final class DashboardToken: Sendable {
    let text: String
    let path: String
    private let isOwn: Bool

    init(file: String?) throws {
        if let file {
            // Refuses a file that others can read.
            _ = try RunToken(file: file)
            (path, isOwn) = (file, false)
        } else {
            path = try TokenDirectory.place(named: "dashboard-\(getpid())")
            isOwn = true
            try RunToken.random().write(to: path, replaces: true)
        }
        text = String(decoding: try PrivateFile.read(path, followsLinks: false), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit { if isOwn { unlink(path) } }
}
