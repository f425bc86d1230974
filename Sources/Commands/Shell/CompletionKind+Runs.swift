import ArgumentParser
import NeuralNetwork
import RunLog

extension CompletionKind {
    /// Completes runs: by path if a path has been begun, else by name in the directory of `--runs` on the same line, or its default.
    static var runs: CompletionKind {
        .custom { words, _, prefix in
            if let slash = prefix.lastIndex(of: "/") {
                let directory = String(prefix[..<slash])
                return RunDirectory.all(in: directory.isEmpty ? "/" : directory).map { "\(prefix[...slash])\($0.name)" }
            }
            return RunDirectory.all(in: directory(words)).map(\.name)
        }
    }

    static var presets: CompletionKind { .list(Preset.all.map(\.name)) }

    private static func directory(_ words: [String]) -> String {
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--runs=") { return String(word.dropFirst("--runs=".count)) }
            if word == "--runs", index + 1 < words.count { return words[index + 1] }
        }
        return "runs"
    }
}
