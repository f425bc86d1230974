import Datasets
import Foundation
import Kernels
import RunLog
import Wire

/// What a run needs of two hosts: from this one to another, on which `colonnade doctor --serve` runs.
struct PairCheck {
    /// As findings call this host.
    let host: String
    let security: LinkSecurity
    /// Of the data set here; empty without one.
    let fingerprint: String
    /// How long tensors are sent.
    let seconds: Double

    func findings(_ peer: SocketAddress) -> [Finding] {
        let name = "\(peer)"
        let probe: LinkProbe
        do { probe = try LinkProbe(to: peer, security: security, fingerprint: fingerprint) } catch {
            return [finding(name, "connection", "none", .failed, remedy(error, peer))]
        }
        defer { probe.stop() }
        do {
            return [try link(probe, name)] + alike(probe.peer, name)
        } catch {
            return [finding(name, "connection", "it broke", .failed, remedy(error, peer))] + alike(probe.peer, name)
        }
    }

    private func link(_ probe: LinkProbe, _ name: String) throws -> Finding {
        let trips = try probe.roundTrips()
        let rate = try probe.bandwidth(seconds: seconds)
        let protection = security.isPlain ? (security.provesPeers ? "token" : "not encrypted") : "TLS 1.3"
        let value = "\(protection), \(Terminal.fixed(trips.median * 1e3, 2)) ms there and back, \(Terminal.fixed(rate * 1e-9, 3)) GB/s, "
            + "its clock \(trips.lead < 0 ? "-" : "+")\(Terminal.fixed(abs(trips.lead) * 1e3, 2)) ms (± \(Terminal.fixed(trips.uncertainty * 1e3, 2)))"
        var found: Finding
        if abs(trips.lead) - trips.uncertainty > 1 {
            found = finding(name, "connection", value, .warning, "the clocks are more than a second apart; have systemd-timesyncd or chrony keep both")
        } else if rate < 12_500_000 {
            found = finding(
                name, "connection", value, .warning,
                "this is less than 100 Mbit/s; `colonnade plan` says what a network needs: see what else uses the link, and what it was set to")
        } else {
            found = finding(name, "connection", value)
        }
        found.figures = [
            "round_trip_seconds": trips.median, "bytes_per_second": rate, "clock_lead_seconds": trips.lead,
            "clock_uncertainty_seconds": trips.uncertainty,
        ]
        return found
    }

    /// Whether both would compute the same bits of the same pictures.
    private func alike(_ peer: WireHello, _ name: String) -> [Finding] {
        let kinds = [peer.cpuModel, peer.instructionSet, "oneDNN \(peer.kernelLibrary)"].map(PrintableText.of).joined(separator: ", ")
        let own = [HostIdentity.cpuModel, Engine.instructionSet, "oneDNN \(Engine.libraryVersion)"].joined(separator: ", ")
        let version = PrintableText.of(peer.productVersion)
        var found = [
            version == Product.version
                ? finding(name, "release", "the same")
                : finding(name, "release", version, .failed, "this host has \(Product.version); install the same release everywhere"),
            kinds == own
                ? finding(name, "processor", "alike")
                : finding(name, "processor", kinds, .failed, "this host has \(own), and both would not give the same bits; use hosts that are alike"),
        ]
        if !fingerprint.isEmpty || !peer.datasetFingerprint.isEmpty {
            let other = PrintableText.of(peer.datasetFingerprint)
            if other == fingerprint {
                found.append(finding(name, "data", "the same"))
            } else if other.isEmpty || fingerprint.isEmpty {
                found.append(
                    finding(name, "data", "on one of the two", .warning, "a worker without the data fetches it from the coordinator; copy it, and name it with --data, to save that"))
            } else {
                found.append(finding(name, "data", other, .failed, "this host has \(fingerprint); copy the same data set to both"))
            }
        }
        return found
    }

    private func finding(_ peer: String, _ check: String, _ value: String, _ verdict: Finding.Verdict = .passed, _ remedy: String? = nil) -> Finding {
        var finding = Finding(host, check, value, verdict, remedy: remedy)
        finding.peer = peer
        return finding
    }

    private func remedy(_ error: any Error, _ peer: SocketAddress) -> String {
        let words = "\(error)"
        if words.contains("Connection refused") {
            return "\(words); start `colonnade doctor --serve \(peer)` there, and see that no firewall refuses the port"
        }
        if words.contains("timed out") || words.contains("No route") || words.contains("unreachable") {
            return "\(words); see that the host is up at that address, and that no firewall drops what comes to the port"
        }
        return words
    }
}
