import Datasets
import Foundation
import Kernels
import Platform
import Protocol
import RunLog
import Security

/// Checks that this host and another, on which `colonnade doctor --serve` runs, can take part in the same run.
struct PairCheck {
    /// This host's name in findings.
    let host: String
    let security: LinkSecurity
    /// The local data set's fingerprint; empty without one.
    let fingerprint: String
    /// How long to send tensors.
    let seconds: Double

    func findings(_ peer: SocketAddress) -> [Finding] {
        let name = "\(peer)"
        let probe: LinkProbe
        do { probe = try LinkProbe(to: peer, security: security, fingerprint: fingerprint) } catch {
            return [finding(name, "connection", "none", .failed, remedy(error, peer))]
        }
        defer { probe.stop() }
        do {
            return [try link(probe, name)] + compatibility(probe.peer, name)
        } catch {
            return [finding(name, "connection", "broken", .failed, remedy(error, peer))] + compatibility(probe.peer, name)
        }
    }

    private func link(_ probe: LinkProbe, _ name: String) throws -> Finding {
        let trips = try probe.roundTrips()
        let rate = try probe.bandwidth(seconds: seconds)
        let protection = security.isUnencrypted ? (security.authenticatesPeers ? "token" : "not encrypted") : "TLS 1.3"
        let uncertainty = Terminal.fixed(trips.uncertainty * 1e3, 2)
        let value =
            "\(protection), round trip \(Terminal.fixed(trips.median * 1e3, 2)) ms, \(Terminal.fixed(rate * 1e-9, 3)) GB/s, clock "
            + "\(trips.lead < 0 ? "-" : "+")\(Terminal.fixed(abs(trips.lead) * 1e3, 2)) ms (± \(uncertainty))"
        var found: Finding
        if abs(trips.lead) - trips.uncertainty > 1 {
            found = finding(
                name, "connection", value, .warning,
                "the clocks are more than a second apart; synchronize both with systemd-timesyncd or chrony")
        } else if rate < 12_500_000 {
            found = finding(
                name, "connection", value, .warning,
                "the bandwidth is below 100 Mbit/s; check what else uses the link and which speed it is set to (`colonnade plan` shows "
                    + "what a network needs)")
        } else {
            found = finding(name, "connection", value)
        }
        found.figures = [
            "round_trip_seconds": trips.median, "bytes_per_second": rate, "clock_lead_seconds": trips.lead,
            "clock_uncertainty_seconds": trips.uncertainty,
        ]
        return found
    }

    /// Checks whether both hosts would compute the same bits from the same images.
    private func compatibility(_ peer: WireHello, _ name: String) -> [Finding] {
        let kinds = [peer.cpuModel, peer.instructionSet, "oneDNN \(peer.kernelLibrary)"].map(PrintableText.sanitized)
            .joined(separator: ", ")
        let own = [HostIdentity.cpuModel, Engine.instructionSet, "oneDNN \(Engine.libraryVersion)"].joined(separator: ", ")
        let version = PrintableText.sanitized(peer.productVersion)
        var found = [
            version == Product.version
                ? finding(name, "release", "the same")
                : finding(name, "release", version, .failed, "this host has \(Product.version); install the same release everywhere"),
            kinds == own
                ? finding(name, "processor", "the same")
                : finding(
                    name, "processor", kinds, .failed,
                    "this host has \(own), so results would differ in their bits; use hosts of the same kind"),
        ]
        if !fingerprint.isEmpty || !peer.datasetFingerprint.isEmpty {
            let other = PrintableText.sanitized(peer.datasetFingerprint)
            if other == fingerprint {
                found.append(finding(name, "data", "the same"))
            } else if other.isEmpty || fingerprint.isEmpty {
                found.append(
                    finding(
                        name, "data", "on one of the two", .warning,
                        "a worker without the data fetches it from the coordinator; to avoid that, copy it and name it with --data"))
            } else {
                found.append(finding(name, "data", other, .failed, "this host has \(fingerprint); copy the same data set to both"))
            }
        }
        return found
    }

    private func finding(
        _ peer: String, _ check: String, _ value: String, _ verdict: Finding.Verdict = .passed, _ remedy: String? = nil
    ) -> Finding {
        var finding = Finding(host, check, value, verdict, remedy: remedy)
        finding.peer = peer
        return finding
    }

    private func remedy(_ error: any Error, _ peer: SocketAddress) -> String {
        let words = "\(error)"
        if words.contains("Connection refused") {
            return "\(words); start `colonnade doctor --serve \(peer)` there, and check that no firewall blocks the port"
        }
        if words.contains("timed out") || words.contains("No route") || words.contains("unreachable") {
            return "\(words); check that the host is up at that address, and that no firewall blocks the port"
        }
        return words
    }
}
