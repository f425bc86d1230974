import Foundation
import RunLog
import TestSupport
import Testing

/// Completions and manual pages are installed, and shells and `man` use them.
@Suite(.serialized) struct ShellTests {
    private func call(_ path: String, _ arguments: [String], in directory: String) throws -> (code: Int32, output: String) {
        let tools = URL(fileURLWithPath: CommandRunner.executable).deletingLastPathComponent().path
        let environment = ProcessInfo.processInfo.environment.merging(
            ["PATH": "\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")", "MANWIDTH": "100", "MANPAGER": "cat"]) {
                $1
            }
        let result = try Program.run([path] + arguments, in: directory, environment: environment)
        return (result.code, result.output + result.errors)
    }

    /// Returns what bash offers for a line with the cursor at its end.
    private func offers(_ line: String, _ runner: CommandRunner) throws -> Set<Substring> {
        let script = """
            source prefix/share/bash-completion/completions/colonnade || exit 1
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            name=$(complete -p colonnade | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            "$name" colonnade "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let (code, output) = try call("/bin/bash", ["-c", script, "bash", line], in: runner.directory)
        #expect(code == 0, "\(output)")
        return Set(output.split(separator: "\n"))
    }

    private func files(_ runner: CommandRunner) -> [String] {
        (FileManager.default.enumerator(atPath: runner.path("prefix"))?.compactMap { $0 as? String } ?? [])
    }

    @Test func bashCompletesCommandsRunsAndPresets() throws {
        let runner = try CommandRunner()
        let installed = try runner.run("shell", "install", "--prefix", "prefix", "--shell", "bash")
        #expect(installed.code == 0, "\(installed.errors)")
        for (runs, names) in [("runs", ["fast", "slow"]), ("elsewhere", ["third"])] {
            for name in names {
                let directory = try RunDirectory.create(runs: runner.path(runs), name: name)
                _ = try RunWriter(directory, record: .sample(name))
            }
        }
        #expect(try offers("colonnade r", runner) == ["runs"])
        #expect(try offers("colonnade runs t", runner) == ["tail", "trace", "tensorboard"])
        #expect(try offers("colonnade runs tail ", runner).isSuperset(of: ["fast", "slow"]))
        #expect(try offers("colonnade runs tail f", runner) == ["fast"])
        #expect(try offers("colonnade runs tail runs/s", runner) == ["runs/slow"])
        #expect(try offers("colonnade runs tail --runs elsewhere ", runner).contains("third"))
        #expect(try offers("colonnade train --resume s", runner) == ["slow"])
        #expect(try offers("colonnade train --preset alexnet-o", runner) == ["alexnet-one-column"])
        #expect(try offers("colonnade runs list --js", runner) == ["--json"])
    }

    @Test func uninstallRemovesOnlyWhatWasInstalled() throws {
        let runner = try CommandRunner()
        try runner.write("other", to: "prefix/share/man/man1/other.1")
        let before = files(runner).sorted()
        #expect(try runner.run("shell", "install", "--prefix", runner.path("prefix")).code == 0)
        for path in ["zsh/site-functions/_colonnade", "fish/vendor_completions.d/colonnade.fish", "man/man1/colonnade-runs-tail.1"] {
            #expect(files(runner).contains("share/\(path)"), "\(path)")
        }
        // Another installation for one shell removes the files of the others.
        #expect(try runner.run("shell", "install", "--prefix", runner.path("prefix"), "--shell", "fish").code == 0)
        #expect(!files(runner).contains("share/zsh/site-functions/_colonnade"))
        let removed = try runner.run("shell", "uninstall", "--prefix", runner.path("prefix"), "--json")
        #expect(removed.code == 0 && removed.output.contains("colonnade.fish"))
        #expect(files(runner).sorted() == before)
        let again = try runner.run("shell", "uninstall", "--prefix", runner.path("prefix"))
        #expect(again.code == 66 && again.errors.contains("--prefix"), "\(again.errors)")
        // The files of a package are not overwritten.
        let packaged = runner.path("prefix/share/man/man1/colonnade.1")
        try runner.write("packaged", to: "prefix/share/man/man1/colonnade.1")
        let refused = try runner.run("shell", "install", "--prefix", runner.path("prefix"))
        #expect(refused.code == 73 && refused.errors.contains("colonnade.1"), "\(refused.errors)")
        #expect(try String(contentsOfFile: packaged, encoding: .utf8) == "packaged")
        let unwritable = try runner.run("shell", "install", "--prefix", packaged)
        #expect(unwritable.code == 73 || unwritable.code == 74, "\(unwritable.code) \(unwritable.errors)")
    }

    @Test func filesAreInstalledBelowHomeByDefault() throws {
        let runner = try CommandRunner()
        for (command, isThere) in [("install", true), ("uninstall", false)] {
            let result = try runner.run(["shell", command], environment: ["HOME": runner.directory])
            #expect(result.code == 0, "\(result.errors)")
            #expect(FileManager.default.fileExists(atPath: runner.path(".local/share/man/man1/colonnade.1")) == isThere)
        }
    }

    @Test func aManipulatedListRemovesNothingOutsideThePrefix() throws {
        let runner = try CommandRunner()
        #expect(try runner.run("shell", "install", "--prefix", "prefix", "--shell", "bash").code == 0)
        try runner.write("", to: "keep")
        try runner.write(
            "share/../../keep\n\(runner.path("keep"))\n../keep\nshare/bash-completion/completions/colonnade\n",
            to: "prefix/share/colonnade/shell-files")
        #expect(try runner.run("shell", "uninstall", "--prefix", "prefix").code == 0)
        #expect(FileManager.default.fileExists(atPath: runner.path("keep")))
        #expect(!files(runner).contains("share/bash-completion/completions/colonnade"))
    }

    @Test func everyCommandHasAValidManualPage() throws {
        let runner = try CommandRunner()
        #expect(try runner.run("shell", "install", "--prefix", "prefix", "--shell", "bash").code == 0)
        let pages = files(runner).filter { $0.hasSuffix(".1") }
        for name in [
            "colonnade", "colonnade-train", "colonnade-runs", "colonnade-runs-tensorboard", "colonnade-data-import",
            "colonnade-shell-install",
        ] {
            #expect(pages.contains("share/man/man1/\(name).1"), "\(name)")
        }
        let train = try String(contentsOfFile: runner.path("prefix/share/man/man1/colonnade-train.1"), encoding: .utf8)
        // Hidden options are only for processes that `train` starts.
        #expect(train.contains("Fl -steps") && !train.contains("restart-reason"))
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc") {
            let lint = try call("/usr/bin/mandoc", ["-Tlint", "-Wwarning"] + pages.map { "prefix/\($0)" }, in: runner.directory)
            #expect(lint.code == 0 && lint.output.isEmpty, "\(lint.output)")
        } else {
            print("skipped: there is no mandoc")
        }
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/man") else { return print("skipped: there is no man") }
        let shown = try call("/usr/bin/man", ["-l", "prefix/share/man/man1/colonnade-runs-tensorboard.1"], in: runner.directory)
        let text = shown.output.replacingOccurrences(of: ".\u{8}", with: "", options: .regularExpression)
        #expect(shown.code == 0 && text.contains("--points") && text.contains("colonnade runs tensorboard"), "\(text)")
    }
}
