import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// Takes what arrives on a worker's connections: the coordinator's, stores', and other workers'.
final class WorkerReceiver: LinkReceiver, @unchecked Sendable {
    private let mailbox: WorkerMailbox
    private let data: DataMailbox
    private let coordinator: Link
    private let log: ProcessLog
    /// The columns that this worker hosts, and its exchange in the attempt that it takes part in.
    private let hosted = Monitor<(columns: HostedColumns?, exchange: AttemptExchange?)>((nil, nil))

    init(mailbox: WorkerMailbox, data: DataMailbox, coordinator: Link, log: ProcessLog) {
        (self.mailbox, self.data, self.coordinator, self.log) = (mailbox, data, coordinator, log)
    }

    func attach(_ columns: HostedColumns) { hosted.update { $0 = (columns, nil) } }

    func attach(_ exchange: AttemptExchange) {
        hosted.update { $0.exchange = exchange }
        // The attempt may have ended before its exchange existed.
        if mailbox.read({ $0.attempt.number }) != exchange.attempt { exchange.end() }
    }

    func endAttempt() {
        let exchange = hosted.update { hosted in
            defer { hosted.exchange = nil }
            return hosted.exchange
        }
        exchange?.end()
    }

    func detach() {
        endAttempt()
        hosted.update { $0.columns = nil }
    }

    /// What the coordinator hears of this process's work.
    var heartbeat: WireHeartbeat {
        hosted.read { $0.columns }.map { $0.activity.current.heartbeat(program: $0.program) } ?? WireHeartbeat()
    }

    private var exchange: AttemptExchange? { hosted.read { $0.exchange } }

    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control: return .bytes(limit: WireControlMessage.sizeLimit)
        case .slab, .value:
            guard let exchange else { throw WireError(.malformed, "a tensor before the program was built") }
            return try exchange.destination(for: header, on: link)
        case .data:
            guard link === coordinator, data.isRequested(DataPart(header)) else {
                throw WireError(.malformed, "data that was not requested")
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
            mailbox.update { $0.update(attempt: header.attempt) { $0.slabs[slab] = Int(header.pass) } }
        case .value:
            let key = ParameterBlock.Key(header.blockKey)
            mailbox.update { $0.update(attempt: header.attempt) { $0.values[key] = Int(clamping: header.step) } }
        case .data: data.receive(DataPart(header), payload)
        default: break
        }
    }

    private func received(_ message: WireControlMessage, on link: Link) throws {
        switch message.body {
        case .hello(let hello):
            // Looked at first by a copy: a connection that is refused by its certificate leaves no trace.
            var peers = mailbox.read { $0.peers }
            let (assignment, attempt) = mailbox.read { ($0.assignment, $0.attempt.number) }
            try peers.add(hello, link, assignment: assignment, attempt: attempt)
            try link.admit(hello)
            try mailbox.update { try $0.peers.add(hello, link, assignment: $0.assignment, attempt: $0.attempt.number) }
        case .segment(let segment):
            guard let store = exchange?.storeRank(of: link) else {
                throw WireError(.malformed, "a control message that a worker does not take")
            }
            mailbox.update { $0.update(attempt: $0.attempt.number) { $0.segments[store] = segment } }
        case _ where link === coordinator: try receivedFromCoordinator(message)
        // Another worker or a store: a connection that has failed, and no reason to leave the run.
        case .refusal(let refusal): throw WireError(.refused, refusal.reason)
        default: throw WireError(.malformed, "a control message that a worker does not take")
        }
    }

    private func receivedFromCoordinator(_ message: WireControlMessage) throws {
        switch message.body {
        case .welcome(let welcome): for foreign in mailbox.update({ $0.assign(welcome) }) { foreign.cancel("it is of another run") }
        case .refusal(let refusal):
            mailbox.fail(WireError(.refused, refusal.reason))
            data.fail(WireError(.refused, refusal.reason))
        case .topology(let topology): close(try mailbox.update { try $0.announce(topology) })
        case .abort(let abort):
            let line = "attempt \(abort.attempt) trains from step \(abort.committed &+ 1): \(abort.reason)"
            if abort.planned { log(line) } else { log.warning(line) }
            if abort.spare { log("waits as a spare") }
            close(mailbox.update { $0.abort(abort) })
            endAttempt()
        case .grant(let grant): try mailbox.update { try $0.grant(grant) }
        case .dataListing(let listing): data.receive(listing)
        case .finish(let finish):
            // Peers that are in the middle of a slab must not write into memory that is about to be given up.
            close(
                mailbox.update { state in
                    state.end(finish)
                    return finish.failed ? state.peers.drop(before: .max) : []
                })
            data.fail(AttemptEnded())
        default: throw WireError(.malformed, "a control message that a worker does not take")
        }
    }

    private func close(_ connections: [Link]) { for link in connections { link.cancel("the attempt has ended") } }

    func closed(_ link: Link, _ error: WireError) {
        mailbox.update { $0.peers.closed(link) }
        if link === coordinator {
            let failure = WireError(error.code, "the coordinator is gone: \(error)")
            mailbox.update { $0.lose(failure) }
            data.fail(failure)
        } else if let peer = mailbox.read({ $0.peers.peer(of: link) }) {
            reportLoss(of: .worker, rank: peer.rank, attempt: peer.attempt, error)
        } else if let exchange, let store = exchange.storeRank(of: link) {
            reportLoss(of: .store, rank: store, attempt: exchange.attempt, error)
        }
    }

    /// The coordinator knows whether the other end is gone or only the connection to it, and ends the attempt.
    private func reportLoss(of role: WireHello.Role, rank: Int, attempt: UInt32, _ error: WireError) {
        guard mailbox.read({ $0.finish == nil && $0.assignment != nil && $0.attempt.number <= attempt }) else { return }
        log.warning("the connection to \(role.word) \(rank) ended: \(error)")
        var message = WireLinkLost()
        (message.role, message.rank, message.reason) = (role, UInt32(rank), "\(error)")
        coordinator.send(.with { $0.linkLost = message }, run: mailbox.read { $0.assignment?.run ?? 0 }, attempt: attempt)
    }
}

extension DataPart {
    init(_ header: FrameHeader) { self.init(file: Int(header.layer), offset: Int(clamping: header.step)) }
}

extension Slab {
    init(_ header: FrameHeader) {
        self.init(
            layer: Int(header.layer), direction: header.direction == .backward ? .backward : .forward,
            from: Int(header.source), to: Int(header.destination))
    }
}
