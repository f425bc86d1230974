import SwiftProtobuf
import RunLog
import Wire

/// What a person may ask of a run.
extension CoordinatorService {
    func received(_ command: WireCommand, on link: Link) throws {
        var answer = WireAnswer()
        answer.accepted = true
        func refuse(_ reason: String) { (answer.accepted, answer.reason) = (false, reason) }
        if !plan.security.provesPeers {
            refuse("this run takes no commands: it has neither certificates nor a token (--insecure)")
        } else {
            switch command.kind {
            case .stop:
                writer.event("command", "asked over the network to stop", ["peer": "\(link.remote)"].merging(link.facts) { $1 })
                stop()
            case .checkpoint:
                if ledger.isDone {
                    refuse("the run is about to end, with a checkpoint")
                } else {
                    ledger.wantsSnapshot = true
                    writer.event("command", "asked over the network for a checkpoint", ["peer": "\(link.remote)"].merging(link.facts) { $1 })
                }
            case .resize:
                let (workers, replicas) = (Int(command.workers), command.replicas == 0 ? nil : Int(command.replicas))
                if let reason = resize(workers: workers, replicas: replicas) {
                    refuse(reason)
                } else {
                    writer.event(
                        "command", "asked over the network for \(workers) workers\(replicas.map { " in \($0) replicas" } ?? "")",
                        ["peer": "\(link.remote)"].merging(link.facts) { $1 })
                }
            case .none, .UNRECOGNIZED: throw WireError(.malformed, "an unknown command")
            }
        }
        link.send(.with { [answer] in $0.answer = answer }, run: run)
    }
}
