import Platform
import Protocol
import Security
import Transport
import Glibc
import Kernels
import Partition
import SwiftProtobuf
import Tensors

/// The receiver of a store's connections: takes what arrives, passes it to the store's state, and carries out the effects. All of it is done on the loop's
/// thread.
final class StoreReceiver: LinkReceiver, @unchecked Sendable {
    let coordinator: Link
    let updates: UpdateThread
    /// Where the shard's parameters lie.
    let file: ShardFile
    let engine: Engine
    let heartbeat: StoreHeartbeat
    let membership: StoreMembership
    let log: ProcessLog
    var state = StoreState<Link>()
    /// Nil before the first assignment.
    var memory: ShardMemory?
    /// Workers' memory by their connections, on which gradients may arrive in it: a frame may still be landing there when the attempt has ended.
    var workers: [ObjectIdentifier: WorkerMemory] = [:]

    init(
        coordinator: Link, updates: UpdateThread, file: ShardFile, engine: Engine, heartbeat: StoreHeartbeat,
        membership: StoreMembership, log: ProcessLog
    ) {
        (self.coordinator, self.updates, self.file, self.engine) = (coordinator, updates, file, engine)
        (self.heartbeat, self.membership, self.log) = (heartbeat, membership, log)
    }

    func listens(on port: UInt16) { state.endpoint = (UInt32(port), UInt32(getpid())) }

    /// Closes all connections.
    func close() {
        heartbeat.stop()
        for link in state.connections { link.cancel() }
        coordinator.finish()
    }

    /// The run's identity; 0 before the first assignment.
    var run: UInt64 { state.assignment?.run ?? 0 }

    // MARK: Frames

    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control: return .bytes(limit: WireControlMessage.sizeLimit)
        case .push:
            let gradient = ShardStepMachine.Gradient(header)
            guard header.run == run, state.accepts(gradient, attempt: header.attempt, from: link),
                let buffer = workers[ObjectIdentifier(link)]?.gradients.buffer(of: gradient.key, contribution: gradient.contribution)
            else { throw WireError(.malformed, "a gradient for a tensor that is not this worker's") }
            return header.flags.contains(.shared) ? .bytes(limit: 0) : .memory(buffer.bytes)
        case .restore:
            guard link === coordinator, header.run == run, let room = try self.room(for: header) else {
                throw WireError(.malformed, "a value for a tensor that is not this store's")
            }
            return .memory(room)
        case .slab, .value, .snapshot, .data: throw WireError(.malformed, "a store takes no \(header.kind) frames")
        }
    }

    /// Memory for values that are about to arrive; nil where they are not this store's.
    private func room(for header: FrameHeader) throws -> UnsafeMutableRawBufferPointer? {
        let key = ParameterBlock.Key(header.blockKey)
        guard state.acceptsValues(of: key) else { return nil }
        do { return try memory?.makeRoom(for: key, isMomentum: header.isMomentum) } catch {
            // The coordinator's connection ends over it, and is not to blame.
            membership.end(.failed("\(error)"))
            throw error
        }
    }

    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        switch header.kind {
        case .control:
            let message = try WireControlMessage(payload: payload)
            if link === coordinator { perform(try state.receive(message)) } else { try received(message, from: link) }
        case .push:
            perform(try state.push(ShardStepMachine.Gradient(header), step: Int(clamping: header.step), attempt: header.attempt))
        case .restore: perform(state.received(ParameterBlock.Key(header.blockKey), isMomentum: header.isMomentum))
        default: break
        }
    }

    private func received(_ message: WireControlMessage, from link: Link) throws {
        switch message.body {
        case .hello(let hello):
            guard hello.role == .worker, hello.run == run, run != 0 else {
                var refusal = WireRefusal()
                refusal.reason = "this store serves another run"
                link.send(.with { [refusal] in $0.refusal = refusal })
                link.finish()
                return
            }
            try link.admit(hello)
            state.connect(link, hello, isLocal: hello.hostIdentity == HostIdentity.value)
        case .register(let register): perform(try state.register(register, from: link))
        case .ready: perform(try state.ready(link))
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    func closed(_ link: Link, _ error: WireError) {
        workers[ObjectIdentifier(link)] = nil
        if link === coordinator {
            membership.lose(WireError(error.code, "the coordinator is gone: \(error)"))
        } else if state.closed(link), error.code != .closed {
            log.warning("connection to a worker ended: \(error)")
        }
    }

    // MARK: Updates

    /// Takes a report of the update thread.
    func received(_ report: UpdateThread.Report) {
        switch report {
        case .updated(let stored, let step, let attempt, let result, let stopwatch):
            var update = BlockUpdate(stored.block.key, step: step, attempt: attempt)
            (update.digest, update.valueSquares, update.updateSquares) = (result.digest, result.valueSquares, result.updateSquares)
            if state.attempt?.records.isTraced(step) == true {
                update.timeline = WireTimeline(stopwatch) { _ in (stored.block.description, .update) }
            }
            perform(state.updated(update))
        case .initialized(let segment): perform(state.initialized(segment))
        case .collected(let copies):
            memory?.add(packed: copies)
            do { for message in state.collected(copies.keys) { perform(try state.receive(message)) } } catch {
                membership.end(.failed("\(error)"))
            }
        case .failed(let error): membership.end(.failed("\(error)"))
        }
    }
}

extension ShardStepMachine.Gradient {
    init(_ header: FrameHeader) { self.init(of: ParameterBlock.Key(header.blockKey), contribution: Int(header.contribution)) }
}
