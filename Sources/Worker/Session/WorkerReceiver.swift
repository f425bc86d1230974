import Partition
import SwiftProtobuf
import Tensors
import Threading
import Wire

/// Takes what arrives on a worker's connections: the coordinator's, stores', and other workers'.
final class WorkerReceiver: LinkReceiver, @unchecked Sendable {
    private let inbox: WorkerInbox
    private let coordinator: Link
    private let log: ProcessLog
    private let session = Monitor<TrainingSession?>(nil)

    init(inbox: WorkerInbox, coordinator: Link, log: ProcessLog) {
        (self.inbox, self.coordinator, self.log) = (inbox, coordinator, log)
    }

    /// - Parameter session: nil where there is none for a while.
    func attach(_ session: TrainingSession?) { self.session.update { $0 = session } }

    /// What the coordinator is told that this process is at.
    var heartbeat: WireHeartbeat {
        session.read { $0 }.map { $0.activity.current.heartbeat(program: $0.program) } ?? WireHeartbeat()
    }

    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control: return .bytes(limit: WireControlMessage.sizeLimit)
        case .slab, .value:
            guard let session = session.read({ $0 }) else {
                throw WireError(.malformed, "a tensor before the program was built")
            }
            return try session.destination(for: header, on: link)
        case .data:
            let part = DataPart(file: Int(header.layer), offset: Int(clamping: header.step))
            guard link === coordinator, inbox.state.read({ $0.dataAsked.contains(part) }) else {
                throw WireError(.malformed, "data that nobody asked for")
            }
            return .bytes(limit: FrameHeader.dataLimit)
        case .push, .snapshot, .restore: throw WireError(.malformed, "a worker takes no \(header.kind) frames")
        }
    }

    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        switch header.kind {
        case .control: try received(WireControlMessage(payload: payload), on: link)
        case .slab:
            let slab = Slab(header)
            inbox.state.update { if $0.attempt == header.attempt { $0.slabs[slab] = Int(header.pass) } }
        case .data:
            let part = DataPart(file: Int(header.layer), offset: Int(clamping: header.step))
            inbox.state.update { state in
                if state.dataAsked.remove(part) != nil { state.dataParts[part] = payload }
            }
        case .value:
            let key = ParameterBlock.Key(header.blockKey)
            inbox.state.update { if $0.attempt == header.attempt { $0.values[key] = Int(clamping: header.step) } }
        default: break
        }
    }

    private func received(_ message: WireControlMessage, on link: Link) throws {
        switch message.body {
        case .hello(let hello):
            let (welcome, attempt) = inbox.state.read { ($0.welcome, $0.attempt) }
            let peer = WorkerInbox.Peer(attempt: hello.attempt, rank: Int(hello.rank))
            guard hello.role == .worker, hello.rank <= UInt16.max, hello.attempt >= attempt else {
                throw WireError(.malformed, "a stranger's connection")
            }
            guard let welcome else {
                // One that waits for a place is about to be told that it has one.
                guard inbox.state.read({ $0.early[peer] == nil && $0.early.count < 1024 }) else {
                    throw WireError(.refused, "this worker has no place in a run yet")
                }
                try link.admit(hello)
                inbox.state.update { $0.early[peer] = (link, hello.run) }
                return
            }
            // A peer may have heard of a new attempt first, and of another layout with it.
            guard hello.run == welcome.run, hello.attempt > attempt || hello.rank < welcome.workers && hello.rank != welcome.rank
            else {
                throw WireError(.malformed, "a stranger's connection")
            }
            guard inbox.state.read({ $0.peers[peer] == nil }) else {
                throw WireError(.refused, "worker \(hello.rank) is connected already")
            }
            try link.admit(hello)
            inbox.state.update { $0.peers[peer] = link }
        case .welcome(let welcome) where link === coordinator:
            for stranger in inbox.state.update({ $0.take(welcome) }) { stranger.cancel("it is of another run") }
        case .refusal(let refusal) where link === coordinator: inbox.fail(WireError(.refused, refusal.reason))
        // Another worker or the store: a connection that has failed, and no reason to leave the run.
        case .refusal(let refusal): throw WireError(.refused, refusal.reason)
        case .topology(let topology) where link === coordinator: try received(topology)
        case .abort(let abort) where link === coordinator:
            let line = "attempt \(abort.attempt) begins after step \(abort.committed): \(abort.reason)"
            if abort.planned { log(line) } else { log.warning(line) }
            if abort.spare { log("waits as a spare") }
            let old = inbox.state.update { state in
                if abort.spare { state.welcome = nil }
                return state.abort(abort.attempt)
            }
            for link in old { link.cancel("the attempt has ended") }
            session.read { $0 }?.leaveStores()
        case .grant(let grant) where link === coordinator:
            try inbox.state.update { state in
                guard grant.step <= WireTopology.stepLimit, state.grants.count < 16 else {
                    throw WireError(.malformed, "more steps granted than can be under way")
                }
                state.grants[Int(grant.step)] = grant
            }
        case .dataListing(let listing) where link === coordinator: inbox.state.update { $0.dataListing = listing }
        case .segment(let segment):
            guard let store = session.read({ $0 })?.storeRank(of: link) else {
                throw WireError(.malformed, "a control message that a worker does not take")
            }
            inbox.state.update { $0.segments[store] = segment }
        case .finish(let finish) where link === coordinator: inbox.state.update { $0.finish = finish }
        default: throw WireError(.malformed, "a control message that a worker does not take")
        }
    }

    private func received(_ topology: WireTopology) throws {
        try inbox.state.update { state in
            // One that joins late begins with the attempt that it is told of.
            guard topology.attempt >= state.attempt else { throw WireError(.malformed, "a topology of an older attempt") }
            guard topology.baseStep <= WireTopology.stepLimit else { throw WireError(.malformed, "a topology of an impossible step") }
            if topology.attempt > state.attempt { _ = state.abort(topology.attempt) }
            state.topology = topology
        }
    }

    func closed(_ link: Link, _ error: WireError) {
        inbox.state.update { state in state.early = state.early.filter { $0.value.link !== link } }
        if link === coordinator {
            inbox.fail(WireError(error.code, "the coordinator is gone: \(error)"))
        } else if let peer = inbox.state.read({ $0.peers.first { $0.value === link }?.key }) {
            lost(.worker, rank: peer.rank, attempt: peer.attempt, error)
        } else if let session = session.read({ $0 }), let store = session.storeRank(of: link) {
            lost(.store, rank: store, attempt: inbox.state.read { $0.attempt }, error)
        }
    }

    /// The coordinator knows whether the other end is gone or only the connection to it, and ends the attempt.
    private func lost(_ role: WireHello.Role, rank: Int, attempt: UInt32, _ error: WireError) {
        guard inbox.state.read({ $0.finish == nil && $0.welcome != nil && $0.attempt <= attempt }) else { return }
        log.warning("the connection to \(role.word) \(rank) ended: \(error)")
        var message = WireLinkLost()
        (message.role, message.rank, message.reason) = (role, UInt32(rank), "\(error)")
        coordinator.send(.with { $0.linkLost = message }, run: inbox.state.read { $0.welcome?.run ?? 0 }, attempt: attempt)
    }
}

extension Slab {
    init(_ header: FrameHeader) {
        self.init(
            layer: Int(header.layer), direction: header.direction == .backward ? .backward : .forward,
            from: Int(header.source), to: Int(header.destination))
    }
}
