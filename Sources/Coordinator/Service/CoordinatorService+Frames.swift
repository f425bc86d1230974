import Tensors
import Partition
import Platform
import Protocol
import RunLog
public import Security
import SwiftProtobuf
public import Transport

typealias BlockKey = ParameterBlock.Key

/// Frames that arrive: each becomes an event of the run, or is answered here where it is no matter of the run's state.
extension CoordinatorService {
    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        let connection = connections[link]
        switch header.kind {
        case .control:
            // A connection without a role, or a person's, gets no more room than a hello needs.
            switch connection?.kind {
            case nil, .dashboard: return .bytes(limit: 4096)
            case .member, .heartbeat: return .bytes(limit: WireControlMessage.sizeLimit)
            }
        case .snapshot:
            guard let connection, header.run == run, let member = state.roster[connection.id], member.isStore || member.role == .leaving,
                let block = state.holdings.blocks.first(where: { $0.key == BlockKey(header.blockKey) }),
                Int(clamping: header.step) <= state.ledger.committed
            else { throw WireError(.malformed, "a snapshot that was not requested") }
            // A checkpoint may have been given up because another store was lost.
            guard let assembly = checkpoints[Int(clamping: header.step)] else { return .bytes(limit: 4 * block.shape.count) }
            return .memory(try assembly.destination(for: header))
        case .restore:
            guard let connection, header.run == run else { throw WireError(.malformed, "values of another run") }
            return .memory(try moving.destination(for: header, from: connection.id, state.holdings))
        default: throw WireError(.malformed, "a coordinator takes no \(header.kind) frames")
        }
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        switch header.kind {
        case .snapshot:
            guard let assembly = checkpoints[Int(clamping: header.step)] else { return }
            try assembly.received(header)
            if assembly.isComplete { write(assembly) }
            return
        case .restore:
            guard let connection = connections[link] else { return }
            let part = BlockPart(header)
            handle(.moved(part, from: connection.id))
            moving.drop(part)
            return
        default: break
        }
        let message = try WireControlMessage(payload: payload)
        guard let connection = connections[link] else {
            guard case .hello(let hello)? = message.body else {
                throw WireError(.malformed, "a connection that did not introduce itself")
            }
            try link.admit(hello)
            return try introduce(hello, link)
        }
        switch (connection.kind, message.body) {
        case (.heartbeat(let owner), .heartbeat(let heartbeat)):
            guard heartbeat.step <= WireTopology.stepLimit, heartbeat.awaitedStep <= WireTopology.stepLimit,
                (0..<1e9).contains(heartbeat.seconds), (0..<1e9).contains(heartbeat.usual)
            else { throw WireError(.malformed, "an impossible heartbeat") }
            handle(.heartbeat(owner, heartbeat))
            if let name = state.roster[owner]?.name { status.hear(name, heartbeat) }
            var pulse = WirePulse()
            (pulse.sent, pulse.now) = (heartbeat.sent, WallClock.nanoseconds)
            link.send(.with { [pulse] in $0.pulse = pulse })
        case (.heartbeat(let owner), .logLines(let lines)): if let name = state.roster[owner]?.lastName { record(lines, of: name) }
        case (.dashboard, .command(let command)): try received(command, connection)
        case (.member, .dataQuestion), (.member, .dataRequest): try serveData(message, to: connection)
        case (.member, let body?):
            guard let said = MemberMessage(body) else { throw WireError(.malformed, "a control message out of place") }
            observe(said, from: connection.id, attempt: header.attempt)
            handle(.message(connection.id, attempt: header.attempt, said))
        default: throw WireError(.malformed, "a control message out of place")
        }
    }

    public func closed(_ link: Link, _ error: WireError) {
        guard let connection = connections.remove(link) else { return }
        if case .member = connection.kind { handle(.disconnected(connection.id, reason: "\(error)")) }
    }

    private func introduce(_ hello: WireHello, _ link: Link) throws {
        if hello.heartbeat {
            let owner = state.roster.all.first { member in
                // The rank may have changed since the process heard it, and it may have none any more.
                hello.processID == member.hello.processID && hello.hostIdentity == member.hello.hostIdentity
                    && member.lastName != nil && hello.role == member.hello.role
            }
            guard hello.run == run, let owner else { throw WireError(.malformed, "heartbeats of a process that has not joined") }
            return _ = connections.add(link, .heartbeat(of: owner.id))
        }
        if hello.role == .dashboard { return _ = connections.add(link, .dashboard) }
        let id = connections.add(link, .member)
        handle(.joined(id, hello, link.peer))
    }

    private func serveData(_ message: WireControlMessage, to connection: Connections.Connection) throws {
        let server = dataServer ?? DatasetServer(directory: plan.dataset.path, run: run)
        dataServer = server
        if case .dataRequest(let request)? = message.body { return try server.ask(request, connection.link) }
        let listing = try server.listing()
        connection.link.send(.with { $0.dataListing = listing }, run: run)
        guard let member = state.roster[connection.id], case .worker(let rank) = member.role else { return }
        journal(
            .fetching(
                rank: rank, host: member.hello.hostName, bytes: listing.files.reduce(0) { $0 + Int(clamping: $1.size) }))
    }

    private func received(_ command: WireCommand, _ connection: Connections.Connection) throws {
        let origin = CommandOrigin(connection.id, connection.link.peer)
        guard plan.security.authenticatesPeers else {
            var answer = WireAnswer()
            answer.reason = "this run takes no commands: it has neither certificates nor a token (--insecure)"
            return connection.link.send(.with { [answer] in $0.answer = answer }, run: run)
        }
        switch command.kind {
        case .stop: handle(.command(.stop, origin))
        case .checkpoint: handle(.command(.checkpoint, origin))
        case .resize:
            handle(.command(.resize(workers: Int(command.workers), replicas: command.replicas == 0 ? nil : Int(command.replicas)), origin))
        case .none, .UNRECOGNIZED: throw WireError(.malformed, "an unknown command")
        }
    }

    // MARK: What only files and pages show

    /// Reads off a message what status and timeline show of it.
    private func observe(_ message: MemberMessage, from id: MemberID, attempt: UInt32) {
        guard attempt == state.attempt, let name = state.roster[id]?.name else { return }
        switch message {
        case .trained(let report) where state.ledger.isUnderWay(Int(clamping: report.step)):
            status.add(report, worker: name.rank)
            if report.hasTimeline { record(report.timeline, step: Int(clamping: report.step), of: name) }
        case .stored(let stored) where state.ledger.isUnderWay(Int(clamping: stored.step)):
            status.add(stored, store: name.rank)
            if stored.hasTimeline { record(stored.timeline, step: Int(clamping: stored.step), of: name) }
        default: break
        }
    }

    private func record(_ timeline: WireTimeline, step: Int, of name: ProcessName) {
        do { try record.write(timeline, step: step, of: name, clock: status.clock(of: name)) } catch {
            handle(.broken("a line of timeline.jsonl is unusable: \(error)"))
        }
    }

    private func record(_ lines: WireLogLines, of name: ProcessName) {
        do { try record.write(lines, of: name, clock: status.clock(ofProcess: name)) } catch {
            handle(.broken("a line of log.jsonl is unusable: \(error)"))
        }
    }
}

extension MemberMessage {
    /// Nil for a message that a member does not send.
    fileprivate init?(_ body: WireControlMessage.OneOf_Body) {
        switch body {
        case .ready: self = .ready
        case .leave: self = .leave
        case .failure(let failure): self = .failure(failure.reason)
        case .stepReport(let report): self = .trained(report)
        case .stepStored(let stored): self = .stored(stored)
        case .validationReport(let report): self = .validated(report)
        case .linkLost(let lost): self = .linkLost(lost)
        default: return nil
        }
    }
}

extension Link {
    var peer: PeerAddress { PeerAddress(host: remote.host, text: "\(remote)", facts: facts) }
}
