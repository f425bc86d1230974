import Foundation

/// A command's manual page, section 1, in mdoc.
struct ManualPage {
    let command: HelpModel.Command
    let version: String
    let date: Date

    /// `colonnade-runs-tail.1`
    var fileName: String { "\(name).1" }
    private var name: String { command.words.joined(separator: "-") }

    var text: String {
        var lines = [
            ".Dd \(day)", ".Dt \(name.uppercased()) 1", ".Os colonnade \(version)", ".Sh NAME", ".Nm \(name)",
            ".Nd \(Mdoc.arguments(headline))", ".Sh SYNOPSIS", ".Nm \"\(command.words.joined(separator: " "))\"",
        ]
        lines += command.given.map(synopsis)
        if !command.shown.isEmpty { lines += [".Ar subcommand", ".Op Ar argument ..."] }
        lines += [".Sh DESCRIPTION", Mdoc.escaped(command.abstract ?? "")]
        if let discussion = command.discussion, !discussion.isEmpty {
            for paragraph in discussion.split(separator: "\n") { lines += [".Pp", Mdoc.escaped(String(paragraph))] }
        }
        if !command.given.isEmpty {
            lines += [".Pp", "The options are as follows:", ".Bl -tag -width Ds"] + command.given.flatMap(item) + [".El"]
        }
        if !command.shown.isEmpty {
            lines += [".Pp", "The subcommands are as follows:", ".Bl -tag -width Ds"]
            for subcommand in command.shown {
                lines += [".It Cm \(subcommand.commandName)", Mdoc.escaped(subcommand.abstract ?? "")]
            }
            lines.append(".El")
        }
        lines += Self.exitStatus + seeAlso
        return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    /// Returns the pages of a command and of all its subcommands.
    static func all(of command: HelpModel.Command, version: String, date: Date) -> [ManualPage] {
        [ManualPage(command: command, version: version, date: date)]
            + command.shown.flatMap { all(of: $0, version: version, date: date) }
    }

    // MARK: Parts

    private var day: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "MMMM d, yyyy"
        return formatter.string(from: date)
    }

    /// The abstract without its full stop, as is usual in lists of manual pages.
    private var headline: String {
        let abstract = command.abstract ?? command.commandName
        return abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract
    }

    private func synopsis(_ argument: HelpModel.Argument) -> String {
        let form = Self.form(argument, argument.preferredName ?? argument.names?.first) + (argument.isRepeating ? " ..." : "")
        return argument.isOptional ? ".Op \(form)" : ".\(form)"
    }

    private func item(_ argument: HelpModel.Argument) -> [String] {
        let names = argument.names ?? []
        let forms = names.isEmpty ? [Self.form(argument, nil)] : names.map { Self.form(argument, $0) }
        var lines = [".It " + forms.joined(separator: " , ")]
        lines += [argument.abstract, argument.discussion].compactMap { $0 }.filter { !$0.isEmpty }.map(Mdoc.escaped)
        if let values = argument.allValues, !values.isEmpty { lines.append(Mdoc.escaped("One of \(values.joined(separator: ", ")).")) }
        if let value = argument.defaultValue, !value.isEmpty { lines.append(Mdoc.escaped("The default is \(value).")) }
        return lines
    }

    /// Formats an argument, as in `Fl -steps Ar steps`.
    private static func form(_ argument: HelpModel.Argument, _ name: HelpModel.Argument.Name?) -> String {
        let value = "Ar \(Mdoc.word(argument.valueName ?? "value"))"
        guard argument.kind != .positional, let name else { return value }
        return argument.kind == .flag ? "Fl \(name.flag)" : "Fl \(name.flag) \(value)"
    }

    private static let exitStatus = [
        ".Sh EXIT STATUS", "0 after success, otherwise a code of", ".Xr sysexits 3",
        "with a sentence on standard error.",
    ]

    private var seeAlso: [String] {
        var pages = command.shown.map { $0.words.joined(separator: "-") }
        if let above = command.superCommands, !above.isEmpty { pages.insert(above.joined(separator: "-"), at: 0) }
        guard !pages.isEmpty else { return [] }
        return [".Sh SEE ALSO"] + pages.sorted().enumerated().map { ".Xr \($1) 1\($0 < pages.count - 1 ? " ," : "")" }
    }
}
