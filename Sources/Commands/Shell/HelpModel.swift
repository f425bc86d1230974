import ArgumentParser
import Foundation
import Platform

/// The argument parser's description of commands, which it writes as JSON for other programs. Only what manual pages need.
struct HelpModel: Decodable {
    struct Command: Decodable {
        let commandName: String
        let superCommands: [String]?
        let abstract: String?
        let discussion: String?
        let shouldDisplay: Bool?
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// `colonnade runs tail`
        var words: [String] { (superCommands ?? []) + [commandName] }
        /// The visible subcommands, without the parser's own `help`, which is on every page already.
        var shown: [Command] { (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" } }
        /// The visible arguments.
        var given: [Argument] { (arguments ?? []).filter { $0.shouldDisplay != false } }
    }

    struct Argument: Decodable {
        enum Kind: String, Decodable { case positional, option, flag }

        struct Name: Decodable {
            let kind: String
            let name: String

            /// Without the first dash, which mdoc's `Fl` sets.
            var flag: String { kind == "long" ? "-\(name)" : name }
        }

        let kind: Kind
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let preferredName: Name?
        let valueName: String?
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
        let discussion: String?
        let shouldDisplay: Bool?
    }

    let command: Command

    /// Returns the description of this program's commands.
    /// - Throws: `CommandFailure` if the parser's JSON has an unknown form.
    static func own() throws -> HelpModel {
        do { return try JSONDecoder().decode(HelpModel.self, from: Data(ColonnadeCommand._dumpHelp().utf8)) } catch {
            throw CommandFailure(CommandFailure.software, "the argument parser's help cannot be read: \(error)")
        }
    }
}
