import ArgumentParser
import Dashboard
import Foundation
import Glibc
import Platform
import Protocol
import RunLog
import Security

/// `colonnade dashboard`: shows runs in a browser.
struct DashboardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard", abstract: "Shows runs in a browser, while they train and afterwards.")

    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir")) var runs = "runs"

    @Option(help: ArgumentHelp("Where the browser connects; port 0 uses a free port.", valueName: "address:port"))
    var listen = "127.0.0.1:7071"

    @Flag(help: "Listen beyond this machine. Nothing is encrypted; viewing requires the token.")
    var insecure = false

    @Option(help: ArgumentHelp("A file of mode 0600 that holds the dashboard's token (default: a new token).", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Certificates for commands to the coordinators of runs that use them.", valueName: "dir"))
    var certificates: String?

    func run() throws {
        let address = try SocketAddress(parsing: listen)
        guard address.isLoopback || insecure else {
            throw CommandFailure(
                CommandFailure.usage,
                "\(address) is reachable from other hosts and the page is not encrypted; forward a port of this machine over ssh, or "
                    + "give --insecure if everyone on that network is trusted")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: runs, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(CommandFailure.noInput, "\(runs) is not a directory of runs; name one with --runs")
        }
        let token = try DashboardToken(file: tokenFile)
        defer { token.remove() }
        let tokenPath = token.path
        let certificates = certificates
        if let certificates { _ = try TLSMaterial(directory: certificates, role: .dashboard) { _ in } }
        let options = DashboardService.Options(
            runs: runs, host: address.host, port: Int(address.port), token: token.text, isLoopback: address.isLoopback,
            version: Product.version,
            control: { run, command in
                try RunCommandSender.send(command == .stop ? .stop : .checkpoint, to: run, certificates: certificates)
            })
        let service = DashboardService(options)
        try AsyncRunner.run {
            try await service.run { port in
                let host = address.host.contains(":") ? "[\(address.host)]" : address.host
                Terminal.line("dashboard at http://\(host):\(port)/")
                Terminal.line("token \(tokenPath)")
                if !address.isLoopback {
                    Terminal.error("warning: the dashboard takes connections from other hosts without encryption (--insecure)")
                }
            }
        }
    }
}
