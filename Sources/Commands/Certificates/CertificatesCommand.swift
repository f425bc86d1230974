import ArgumentParser
import Wire

/// `colonnade certificates`: an authority of one's own, and what it issues.
struct CertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates", abstract: "Makes, renews and revokes the certificates of runs over several hosts.",
        subcommands: [
            CreateCertificatesCommand.self, IssueCertificateCommand.self, RenewCertificatesCommand.self,
            RevokeCertificateCommand.self, ShowCertificatesCommand.self,
        ])
}

/// What a certificate is issued for, and how long.
struct ValidityOption: ParsableArguments {
    @Option(help: "Days for which certificates are valid.")
    var days = 365

    func validate() throws {
        guard (1...3650).contains(days) else { throw ValidationError("--days has to be from 1 to 3650, the authority's own") }
    }
}

/// `colonnade certificates create`.
struct CreateCertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an authority, and a certificate for each role.")

    @Argument(help: ArgumentHelp("The directory to make.", valueName: "dir"))
    var directory: String

    @OptionGroup var validity: ValidityOption

    func run() throws {
        try CertificateDirectory(directory).create(days: validity.days)
        print("made an authority and certificates of coordinator, store, worker and dashboard in \(directory)")
        print("on this machine: colonnade train --certificates \(directory) …")
        print("for another host: colonnade certificates issue \(directory) --role worker --role store --name HOST")
    }
}

/// `colonnade certificates issue`.
struct IssueCertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Issues certificates for another host, in a directory to be copied there.")

    @Argument(help: ArgumentHelp("The directory that `create` made.", valueName: "dir"))
    var directory: String

    @Option(help: "What the holder may be; may be repeated.")
    var role: [PeerRole]

    @Option(help: "The host (default: none, for this directory where it lacks the role).")
    var name: String?

    @OptionGroup var validity: ValidityOption

    func validate() throws {
        guard !role.isEmpty else { throw ValidationError("name what the holder may be, such as --role worker") }
    }

    func run() throws {
        var place = directory
        for role in role { place = try CertificateDirectory(directory).issue(role, name: name, days: validity.days) }
        print(name == nil ? "issued in \(place)" : "copy \(place) to that host, and name it there with --certificates")
    }
}

/// `colonnade certificates renew`.
struct RenewCertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Issues every certificate anew, with a new key; running processes take it up.")

    @Argument(help: ArgumentHelp("The directory that `create` made.", valueName: "dir"))
    var directory: String

    @Option(help: "Only this role's.")
    var role: PeerRole?

    @OptionGroup var validity: ValidityOption

    func run() throws {
        let count = try CertificateDirectory(directory).renew(role, days: validity.days)
        print("renewed \(count) \(count == 1 ? "certificate" : "certificates"); copy hosts' directories to them again")
    }
}

/// `colonnade certificates revoke`.
struct RevokeCertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Adds certificates to the list of those that count no more.")

    @Argument(help: ArgumentHelp("The directory that `create` made.", valueName: "dir"))
    var directory: String

    @Option(help: "All of this role's.")
    var role: PeerRole?

    @Option(help: "The one of this number, as `show` lists it.")
    var serial: String?

    func validate() throws {
        guard (role == nil) != (serial == nil) else { throw ValidationError("name what to revoke: --role or --serial") }
    }

    func run() throws {
        let serials = try CertificateDirectory(directory).revoke(role: role, serial: serial)
        for serial in serials { print("revoked \(serial)") }
        print("copy \(directory)/revoked.crl to the certificates of every host; new connections heed it")
    }
}
