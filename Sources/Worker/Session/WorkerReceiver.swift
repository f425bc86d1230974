import Partition
import SwiftProtobuf
import Tensors
import Threading
import Wire

/// Takes what arrives on a worker's connections: the coordinator's, the store's, and other workers'.
final class WorkerReceiver: LinkReceiver, @unchecked Sendable {
    private let inbox: WorkerInbox
    private let coordinator: Link
    private let log: @Sendable (String) -> Void
    private let session = Monitor<TrainingSession?>(nil)

    init(inbox: WorkerInbox, coordinator: Link, log: @escaping @Sendable (String) -> Void) {
        (self.inbox, self.coordinator, self.log) = (inbox, coordinator, log)
    }

    func attach(_ session: TrainingSession) { self.session.update { $0 = session } }

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
            inbox.state.update { $0.slabs[slab] = Int(header.pass) }
        case .data:
            let part = DataPart(file: Int(header.layer), offset: Int(clamping: header.step))
            inbox.state.update { state in
                if state.dataAsked.remove(part) != nil { state.dataParts[part] = payload }
            }
        case .value:
            let key = ParameterBlock.Key(header.blockKey)
            inbox.state.update { $0.values[key] = Int(clamping: header.step) }
        default: break
        }
    }

    private func received(_ message: WireControlMessage, on link: Link) throws {
        switch message.body {
        case .hello(let hello):
            let run = inbox.state.read { $0.welcome?.run }
            guard hello.role == .worker, let run, hello.run == run, hello.rank < 4096 else {
                throw WireError(.malformed, "a stranger's connection")
            }
            guard inbox.state.read({ $0.peers[Int(hello.rank)] == nil }) else {
                throw WireError(.refused, "worker \(hello.rank) is connected already")
            }
            try link.admit(hello)
            inbox.state.update { $0.peers[Int(hello.rank)] = link }
        case .welcome(let welcome) where link === coordinator: inbox.state.update { $0.welcome = welcome }
        case .refusal(let refusal): inbox.fail(WireError(.refused, refusal.reason))
        case .topology(let topology) where link === coordinator: inbox.state.update { $0.topology = topology }
        case .grant(let grant) where link === coordinator:
            inbox.state.update { $0.grants[Int(clamping: grant.step)] = grant }
        case .dataListing(let listing) where link === coordinator: inbox.state.update { $0.dataListing = listing }
        case .segment(let segment): inbox.state.update { $0.segment = segment }
        case .finish(let finish) where link === coordinator: inbox.state.update { $0.finish = finish }
        default: throw WireError(.malformed, "a control message that a worker does not take")
        }
    }

    func closed(_ link: Link, _ error: WireError) {
        if link === coordinator {
            inbox.fail(WireError(error.code, "the coordinator is gone: \(error)"))
        } else if let rank = inbox.state.read({ $0.peers.first { $0.value === link }?.key }) {
            log("connection to worker \(rank) ended: \(error)")
            inbox.fail(WireError(error.code, "worker \(rank) is gone: \(error)"))
        } else if session.read({ $0?.isStore(link) ?? false }) {
            inbox.fail(WireError(error.code, "the parameter store is gone: \(error)"))
        }
    }
}

extension Slab {
    init(_ header: FrameHeader) {
        self.init(
            layer: Int(header.layer), direction: header.direction == .backward ? .backward : .forward,
            from: Int(header.source), to: Int(header.destination))
    }
}
