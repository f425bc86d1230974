import ArgumentParser
import Security

/// `colonnade certificates`: manages a private certificate authority and its certificates.
struct CertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates", abstract: "Creates, renews and revokes the certificates of runs on several hosts.",
        subcommands: [
            CreateCertificatesCommand.self, IssueCertificateCommand.self, RenewCertificatesCommand.self,
            RevokeCertificateCommand.self, ShowCertificatesCommand.self,
        ])
}

/// The option that sets how long certificates are valid.
struct ValidityOption: ParsableArguments {
    @Option(help: "Days for which certificates are valid.")
    var days = 365

    func validate() throws {
        guard (1...3650).contains(days) else { throw ValidationError("--days must be from 1 to 3650, the authority's own validity") }
    }
}

/// `colonnade certificates create`.
struct CreateCertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Creates a certificate authority, and a certificate for each role.")

    @Argument(help: ArgumentHelp("The directory to create.", valueName: "dir"))
    var directory: String

    @OptionGroup var validity: ValidityOption

    func run() throws {
        try CertificateDirectory(directory).create(days: validity.days)
        print("created a certificate authority and certificates for coordinator, store, worker and dashboard in \(directory)")
        print("on this machine: colonnade train --certificates \(directory) …")
        print("for another host: colonnade certificates issue \(directory) --role worker --role store --name HOST")
    }
}

/// `colonnade certificates issue`.
struct IssueCertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Issues certificates for another host, in a directory to copy there.")

    @Argument(help: ArgumentHelp("The directory created by `certificates create`.", valueName: "dir"))
    var directory: String

    @Option(help: "A role that the holder may take; may be repeated.")
    var role: [PeerRole]

    @Option(help: "The host's name (default: issue into this directory, for a role that it lacks).")
    var name: String?

    @OptionGroup var validity: ValidityOption

    func validate() throws {
        guard !role.isEmpty else { throw ValidationError("no role is given; name one, such as --role worker") }
    }

    func run() throws {
        var issued = directory
        for role in role { issued = try CertificateDirectory(directory).issue(role, name: name, days: validity.days) }
        print(name == nil ? "issued in \(issued)" : "copy \(issued) to that host, and name it there with --certificates")
    }
}

/// `colonnade certificates renew`.
struct RenewCertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Reissues every certificate with a new key; running processes load it without a restart.")

    @Argument(help: ArgumentHelp("The directory created by `certificates create`.", valueName: "dir"))
    var directory: String

    @Option(help: "Renew only this role's certificates.")
    var role: PeerRole?

    @OptionGroup var validity: ValidityOption

    func run() throws {
        let count = try CertificateDirectory(directory).renew(role, days: validity.days)
        print("renewed \(count) \(count == 1 ? "certificate" : "certificates"); copy each host's directory to it again")
    }
}

/// `colonnade certificates revoke`.
struct RevokeCertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Adds certificates to the revocation list.")

    @Argument(help: ArgumentHelp("The directory created by `certificates create`.", valueName: "dir"))
    var directory: String

    @Option(help: "Revoke all certificates of this role.")
    var role: PeerRole?

    @Option(help: "Revoke the certificate with this serial number, as listed by `certificates show`.")
    var serial: String?

    func validate() throws {
        guard (role == nil) != (serial == nil) else { throw ValidationError("name what to revoke: give either --role or --serial") }
    }

    func run() throws {
        let serials = try CertificateDirectory(directory).revoke(role: role, serial: serial)
        for serial in serials { print("revoked \(serial)") }
        print("copy \(directory)/revoked.crl to the certificate directory of every host; it applies to new connections")
    }
}
