import Foundation
import Glibc
import Security
import Settings
import Supervision

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
