import ArgumentParser
import Foundation
import Platform

/// `colonnade shell`: installs completions and manual pages.
struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Installs shell completions and manual pages.",
        subcommands: [Install.self, Uninstall.self])

    struct Prefix: ParsableArguments {
        @Option(help: ArgumentHelp("The directory below which to install.", valueName: "dir"), completion: .directory)
        var prefix = "~/.local"

        var files: ShellFiles {
            // $HOME takes precedence over the account's directory, as in shells.
            let home = ProcessInfo.processInfo.environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
            let path = prefix == "~" || prefix.hasPrefix("~/") ? home + prefix.dropFirst() : prefix
            // An absolute path, because the instructions are for shells that run elsewhere.
            return ShellFiles(prefix: URL(fileURLWithPath: path).standardizedFileURL.path)
        }
    }

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Installs completions and manual pages; run it again after an update.",
            discussion: "Without --shell, completions are installed for bash, zsh and fish.")

        @OptionGroup var prefix: Prefix
        @Option(help: "The shell to complete for.") var shell: Shell?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let shells = shell.map { [$0] } ?? Shell.allCases
            var contents: [String: String] = [:]
            for shell in shells {
                contents[shell.completionPath] = ColonnadeCommand.completionScript(for: shell.completionShell)
            }
            for page in ManualPage.all(of: try HelpModel.own().command, version: Product.version, date: Date()) {
                contents[ShellFiles.manual(page.fileName)] = page.text
            }
            let files = prefix.files
            try files.install(contents)
            if json { return Terminal.line(try Terminal.json(contents.keys.sorted().map(files.absolute))) }
            for shell in shells { Terminal.line("\(shell.rawValue): \(files.absolute(shell.completionPath))") }
            Terminal.line(
                "manual: \(contents.count - shells.count) pages, such as `man colonnade-train`, found if "
                    + "\(files.absolute("bin")) is on the PATH")
            if shells.contains(.bash) { Terminal.line("bash completes in new shells if the package bash-completion is installed") }
            if shells.contains(.zsh) {
                Terminal.line(
                    "zsh completes if .zshrc has this line before compinit: fpath=(\(files.absolute("share/zsh/site-functions")) $fpath)")
            }
        }
    }

    struct Uninstall: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Removes what was installed.")

        @OptionGroup var prefix: Prefix
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let files = prefix.files
            let removed = try files.uninstall()
            if json { return Terminal.line(try Terminal.json(removed.sorted())) }
            Terminal.line("removed \(removed.count) files below \(files.prefix)")
        }
    }
}
