import Foundation
import RunLog
import Testing

/// Completions and manual pages, installed and used by the programs that they are for.
@Suite(.serialized) struct ShellTests {
    private func call(_ path: String, _ arguments: [String], in directory: String) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let tools = URL(fileURLWithPath: CommandRunner.executable).deletingLastPathComponent().path
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["PATH": "\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")", "MANWIDTH": "100", "MANPAGER": "cat"]) { $1 }
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    /// What bash offers for a line whose cursor is at its end.
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
                _ = try RunWriter(
                    directory,
                    record: RunRecord(
                        name: name, run: "00", started: "2026-01-01T00:00:00Z", steps: 1, dataset: "d", datasetFingerprint: "f",
                        imagesPerEpoch: 1, workers: 1, configuration: .object([:])))
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

    @Test func whatIsInstalledIsRemovedAndNothingElse() throws {
        let runner = try CommandRunner()
        try FileManager.default.createDirectory(atPath: runner.path("prefix/share/man/man1"), withIntermediateDirectories: true)
        try Data("other".utf8).write(to: URL(fileURLWithPath: runner.path("prefix/share/man/man1/other.1")))
        let before = files(runner).sorted()
        #expect(try runner.run("shell", "install", "--prefix", runner.path("prefix")).code == 0)
        for path in ["zsh/site-functions/_colonnade", "fish/vendor_completions.d/colonnade.fish", "man/man1/colonnade-runs-tail.1"] {
            #expect(files(runner).contains("share/\(path)"), "\(path)")
        }
        // Again, for one shell: the others' go.
        #expect(try runner.run("shell", "install", "--prefix", runner.path("prefix"), "--shell", "fish").code == 0)
        #expect(!files(runner).contains("share/zsh/site-functions/_colonnade"))
        let removed = try runner.run("shell", "uninstall", "--prefix", runner.path("prefix"), "--json")
        #expect(removed.code == 0 && removed.output.contains("colonnade.fish"))
        #expect(files(runner).sorted() == before)
        let again = try runner.run("shell", "uninstall", "--prefix", runner.path("prefix"))
        #expect(again.code == 66 && again.errors.contains("--prefix"), "\(again.errors)")
        // A package's own files are not written over.
        let packaged = runner.path("prefix/share/man/man1/colonnade.1")
        try Data("packaged".utf8).write(to: URL(fileURLWithPath: packaged))
        let refused = try runner.run("shell", "install", "--prefix", runner.path("prefix"))
        #expect(refused.code == 73 && refused.errors.contains("colonnade.1"), "\(refused.errors)")
        #expect(try String(contentsOfFile: packaged, encoding: .utf8) == "packaged")
        let unwritable = try runner.run("shell", "install", "--prefix", packaged)
        #expect(unwritable.code == 73 || unwritable.code == 74, "\(unwritable.code) \(unwritable.errors)")
    }

    @Test func theDefaultIsBelowHome() throws {
        let runner = try CommandRunner()
        for (command, isThere) in [("install", true), ("uninstall", false)] {
            let result = try runner.run(["shell", command], environment: ["HOME": runner.directory])
            #expect(result.code == 0, "\(result.errors)")
            #expect(FileManager.default.fileExists(atPath: runner.path(".local/share/man/man1/colonnade.1")) == isThere)
        }
    }

    @Test func aListThatWasChangedRemovesNothingOutside() throws {
        let runner = try CommandRunner()
        #expect(try runner.run("shell", "install", "--prefix", "prefix", "--shell", "bash").code == 0)
        try Data().write(to: URL(fileURLWithPath: runner.path("keep")))
        let list = runner.path("prefix/share/colonnade/shell-files")
        try Data("share/../../keep\n\(runner.path("keep"))\n../keep\nshare/bash-completion/completions/colonnade\n".utf8)
            .write(to: URL(fileURLWithPath: list))
        #expect(try runner.run("shell", "uninstall", "--prefix", "prefix").code == 0)
        #expect(FileManager.default.fileExists(atPath: runner.path("keep")))
        #expect(!files(runner).contains("share/bash-completion/completions/colonnade"))
    }

    @Test func manualPagesAreForEveryCommandAndSound() throws {
        let runner = try CommandRunner()
        #expect(try runner.run("shell", "install", "--prefix", "prefix", "--shell", "bash").code == 0)
        let pages = files(runner).filter { $0.hasSuffix(".1") }
        for name in ["colonnade", "colonnade-train", "colonnade-runs", "colonnade-runs-tensorboard", "colonnade-data-import", "colonnade-shell-install"] {
            #expect(pages.contains("share/man/man1/\(name).1"), "\(name)")
        }
        let train = try String(contentsOfFile: runner.path("prefix/share/man/man1/colonnade-train.1"), encoding: .utf8)
        // Hidden options are for processes that `train` starts.
        #expect(train.contains("Fl -steps") && !train.contains("restart-reason"))
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc") {
            let lint = try call("/usr/bin/mandoc", ["-Tlint", "-Wwarning"] + pages.map { "prefix/\($0)" }, in: runner.directory)
            #expect(lint.code == 0 && lint.output.isEmpty, "\(lint.output)")
        } else { print("skipped: there is no mandoc") }
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/man") else { return print("skipped: there is no man") }
        let shown = try call("/usr/bin/man", ["-l", "prefix/share/man/man1/colonnade-runs-tensorboard.1"], in: runner.directory)
        let text = shown.output.replacingOccurrences(of: ".\u{8}", with: "", options: .regularExpression)
        #expect(shown.code == 0 && text.contains("--points") && text.contains("colonnade runs tensorboard"), "\(text)")
    }
}
