import Foundation
import NeuralNetwork
import Partition
import Protocol
import SwiftProtobuf

/// Orders as control messages.
extension CoordinatorService {
    func message(_ order: Order, attempt: UInt32) throws -> WireControlMessage {
        switch order {
        case .refuse(let reason): return .with { $0.refusal = .with { $0.reason = reason } }
        case .welcome(let assignment):
            let welcome = try welcome(assignment)
            return .with { $0.welcome = welcome }
        case .topology(let topology):
            let message = self.topology(topology, attempt: attempt)
            return .with { $0.topology = message }
        case .grant(let grant):
            return .with {
                $0.grant = .with {
                    ($0.step, $0.learningRate, $0.validate) = (UInt64(grant.step), grant.rate, grant.validates)
                    ($0.trace, $0.measure) = (grant.isTraced, grant.isMeasured)
                }
            }
        case .commit(let step, let snapshot): return .with { $0.commit = .with { ($0.step, $0.snapshot) = (UInt64(step), snapshot) } }
        case .abort(let abort):
            return .with {
                $0.abort = .with {
                    ($0.attempt, $0.committed, $0.reason) = (attempt, UInt64(abort.committed), abort.reason)
                    ($0.planned, $0.spare) = (abort.isPlanned, abort.becomesSpare)
                }
            }
        case .handOver(let keys, let step):
            return .with { $0.handOver = .with { ($0.blocks, $0.step) = (keys.map(\.wire), UInt64(step)) } }
        case .release(let step): return .with { $0.finish = .with { ($0.left, $0.reason) = (true, "step \(step)") } }
        case .evict(let reason): return .with { $0.finish = .with { ($0.failed, $0.reason) = (true, reason) } }
        }
    }

    private func welcome(_ assignment: Assignment) throws -> WireWelcome {
        var welcome = WireWelcome()
        (welcome.run, welcome.rank) = (run, UInt32(assignment.rank))
        (welcome.workers, welcome.replicas) = (UInt32(assignment.layout.workers), UInt32(assignment.layout.replicas))
        welcome.startsStore = assignment.startsStore
        (welcome.datasetPath, welcome.datasetFingerprint) = (plan.dataset.path, plan.dataset.fingerprint)
        welcome.patience = 2 * plan.limits.patience
        welcome.configuration = try plan.configuration.json()
        if let device = plan.device { welcome.device = try JSONEncoder().encode(device) }
        return welcome
    }

    private func topology(_ topology: Topology, attempt: UInt32) -> WireTopology {
        var message = WireTopology()
        (message.attempt, message.baseStep) = (attempt, UInt64(topology.base))
        (message.restores, message.recovers) = (topology.restores, topology.recovers)
        func endpoints(_ ids: [MemberID]) -> [WireTopology.Endpoint] {
            ids.compactMap { state.roster[$0] }.map { member in
                .with {
                    ($0.address, $0.port) = (member.peer.host, member.hello.listenPort)
                    ($0.hostName, $0.processID) = (member.hello.hostName, member.hello.processID)
                }
            }
        }
        (message.workers, message.stores) = (endpoints(topology.workers), endpoints(topology.stores))
        if let placement = topology.placement { message.place(state.holdings.blocks, placement) }
        return message
    }
}
