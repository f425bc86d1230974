import Foundation
import TestSupport

/// A text file of the repository.
struct SourceFile: Sendable {
    /// The path in the repository.
    let path: String
    let text: String

    /// The files that a protobuf compiler writes.
    var isGenerated: Bool { path.hasSuffix(".pb.swift") }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The number of lines, of which the last may lack its end.
    var lineCount: Int { lines.count - (text.hasSuffix("\n") || text.isEmpty ? 1 : 0) }

    /// Reads the files of some folders, in the order of their paths.
    /// - Parameters:
    ///   - folders: paths in the repository.
    ///   - extensions: the extensions of the files to read. Scripts without an extension count as `sh`.
    static func all(in folders: [String], _ extensions: Set<String>) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for folder in folders {
            for name in try FileManager.default.subpathsOfDirectory(atPath: Repository.path(folder)).sorted() {
                // Hidden folders contain builds.
                let parts = name.split(separator: "/")
                guard !parts.contains(where: { $0.hasPrefix(".") || $0 == "__pycache__" }) else { continue }
                let path = "\(folder)/\(name)"
                let suffix = URL(fileURLWithPath: name).pathExtension
                if extensions.contains(suffix) {
                    files.append(SourceFile(path: path, text: try String(contentsOfFile: Repository.path(path), encoding: .utf8)))
                } else if ["", "sbatch"].contains(suffix), extensions.contains("sh") {
                    let text = TextFile.content(Repository.path(path))
                    if text.hasPrefix("#!") { files.append(SourceFile(path: path, text: text)) }
                }
            }
        }
        return files
    }
}
