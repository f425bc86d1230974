/// A word that names nothing any more, because another word is used for the thing.
struct RemovedTerm: Sendable {
    /// A name that keeps the word because other programs or files rely on it.
    struct Exception: Sendable {
        /// The text that contains the word.
        let text: String
        let reason: String
        /// The beginning of the paths in which the text is allowed.
        var place = ""
    }

    /// In lower case. It is found in longer names too, whatever their case.
    let word: String
    let replacement: String
    var exceptions: [Exception] = []
    /// Paths of files that have the word today. The list may only shrink.
    var offenders = ShrinkingList()

    /// Returns the paths of the files whose text or path has the word outside its exceptions.
    func files(_ files: [SourceFile]) -> Set<String> {
        Set(files.filter { file in "\(file.path)\n\(file.text)".split(separator: "\n").contains { has($0, file.path) } }.map(\.path))
    }

    private func has(_ line: Substring, _ path: String) -> Bool {
        var line = String(line)
        guard line.lowercased().contains(word) else { return false }
        for exception in exceptions where path.hasPrefix(exception.place) {
            line = line.split(separator: exception.text, omittingEmptySubsequences: false).joined(separator: " ")
        }
        return line.lowercased().contains(word)
    }
}
