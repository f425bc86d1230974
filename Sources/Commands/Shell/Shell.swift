import ArgumentParser

/// A shell for which completions are installed.
enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    /// The argument parser's value for the shell.
    var completionShell: CompletionShell {
        switch self {
        case .bash: .bash
        case .zsh: .zsh
        case .fish: .fish
        }
    }

    /// The path, below a prefix, where the shell looks for the program's completions.
    var completionPath: String {
        switch self {
        case .bash: "share/bash-completion/completions/colonnade"
        case .zsh: "share/zsh/site-functions/_colonnade"
        case .fish: "share/fish/vendor_completions.d/colonnade.fish"
        }
    }
}
