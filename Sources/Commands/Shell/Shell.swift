import ArgumentParser

/// A shell that completes a command's arguments.
enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    /// As the argument parser names it.
    var parsers: CompletionShell {
        switch self {
        case .bash: .bash
        case .zsh: .zsh
        case .fish: .fish
        }
    }

    /// Where it looks for the program's completions, below a prefix.
    var place: String {
        switch self {
        case .bash: "share/bash-completion/completions/colonnade"
        case .zsh: "share/zsh/site-functions/_colonnade"
        case .fish: "share/fish/vendor_completions.d/colonnade.fish"
        }
    }
}
