import Supervision
import TestSupport
import Testing

/// Commands for other hosts go through the shells there.
@Suite struct ShellWordTests {
    /// Every shell gives quoted words back as they were.
    @Test(arguments: ["sh", "bash", "dash", "zsh", "fish", "csh", "tcsh"]) func quotedWordsGoThroughEveryShellUnchanged(shell: String)
        throws
    {
        let words = [
            "plain", "", "two words", "it's", "\"", "\\", "a\\'b", "$HOME", "`id`", "!x", "*", "#", "~", "-n", "a;b&c|d>e", "é\u{1F600}",
            "''", "end'",
        ]
        let result = try Program.run([shell, "-c", "printf '<%s>' " + words.map(ShellWord.quoted).joined(separator: " ")])
        guard result.code != 127 else { return print("skipped: no \(shell) here") }
        #expect(result.output == words.map { "<\($0)>" }.joined())
    }
}
