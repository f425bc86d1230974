import Foundation

/// Files of the repository, for tests that read sources, documentation or scripts.
package enum Repository {
    /// Returns the path of a file by its path in the repository.
    package static func path(_ name: String) -> String { root.appendingPathComponent(name).standardizedFileURL.path }

    // This file is Tests/Support/Files/Repository.swift.
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
}
