import Kernels
import Platform
import Protocol
import Security
import Transport
import NeuralNetwork
import Partition
import SwiftProtobuf
import Tensors

/// Effects of a store's state, carried out.
extension StoreReceiver {
    func perform(_ effects: [StoreEffect<Link>]) { for effect in effects { carryOut(effect) } }

    private func carryOut(_ effect: StoreEffect<Link>) {
        switch effect {
        case .assign(let assignment, let isFirst): take(assignment, isFirst: isFirst)
        case .register(let worker, let message, let contributions): register(worker, message, contributions)
        case .initialize(let segment, let keys, let step, let recovers): initialize(segment, keys, step: step, recovers: recovers)
        case .forget:
            file.clear()
            file.begin(run: run)
        case .note(let committed, let attempt): file.note(committed: committed, attempt: attempt)
        case .update(let key, let step, let rate, let attempt, let measures):
            guard let stored = memory?.block(key), let gradients = memory?.gradients(of: key),
                let optimizer = state.assignment?.configuration.recipe.optimizer
            else { return }
            updates.submit(.update(stored, gradients, step: step, rate: rate, optimizer, attempt: attempt, measures: measures))
        case .announce(let key, let step, let worker): announce(key, step: step, to: worker)
        case .sendReady(let attempt):
            memory?.trim()
            coordinator.send(.with { $0.ready = WireReady() }, run: run, attempt: attempt)
        case .sendStored(let message, let attempt, let measuresMemory): send(message, attempt: attempt, measuresMemory: measuresMemory)
        case .snapshot(let keys, let step): send(keys, step: step, .snapshot)
        case .handOver(let keys, let held, let step):
            log("hands over \(keys.count) of \(held) parameter blocks after step \(step)")
            send(keys, step: step, .restore)
            memory?.giveAway(keys)
        case .collect(let step): updates.submit(.collect(memory?.giveUpSegments() ?? [], step: step))
        case .dropUpdates(let attempt):
            updates.abort(attempt)
            memory?.dropGradients(before: attempt)
        case .refuse(let worker, let error): refuse(worker, error)
        case .close(let worker): worker.connection.cancel("the attempt has ended")
        case .end(let result): membership.end(result)
        }
    }

    private func take(_ assignment: StoreAssignment, isFirst: Bool) {
        guard isFirst else {
            memory?.tree = assignment.tree
            return
        }
        file.begin(run: assignment.run)
        memory = ShardMemory(assignment, file: file)
        FaultInjection.identify(.store, rank: assignment.rank)
        membership.begin(coordinator, run: assignment.run)
        heartbeat.start(assignment, membership) { [weak self] in
            guard let self else { return WireHeartbeat() }
            return WireHeartbeat(updates.current, state.shard?.machine, state.assignment?.tree)
        }
    }

    // MARK: Workers

    private func register(_ worker: StoreWorker<Link>, _ message: WireRegister, _ contributions: Range<Int>) {
        do {
            let new = try memory?.register(
                message, attempt: worker.attempt, contributions: contributions, shared: worker.isLocal, engine: engine)
            guard let new else { return }
            workers[ObjectIdentifier(worker.connection)] = new
            // The worker plans its kernels on the memory while the values are drawn into it.
            let announcement = new.announcement
            worker.connection.send(.with { $0.segment = announcement }, run: run, attempt: worker.attempt)
            perform(state.registered(worker.connection))
        } catch {
            refuse(worker, error)
            perform(state.refused(worker.connection))
        }
    }

    /// Ends the connection of a worker that claims what is another's, which costs that worker alone. Where there is no memory for what it may
    /// have, the store is at an end.
    private func refuse(_ worker: StoreWorker<Link>, _ error: any Error) {
        log.warning("a worker on \(worker.connection.remote) was refused: \(error)")
        worker.connection.cancel("\(error)")
        if error is MemoryError || (error as? WireError)?.code == .system { membership.end(.failed("\(error)")) }
    }

    private func initialize(_ segment: SegmentID, _ keys: [ParameterBlock.Key], step: Int, recovers: Bool) {
        guard let recipe = state.assignment?.configuration.recipe else { return }
        var blocks: [(block: StoredBlock, source: FirstValues)] = []
        for key in keys {
            guard let stored = memory?.block(key), let source = memory?.source(of: key, step: step, recovers: recovers) else { continue }
            blocks.append((stored, source))
        }
        updates.submit(.initialize(blocks, InitialValues(recipe), step: step, of: segment))
    }

    private func announce(_ key: ParameterBlock.Key, step: Int, to worker: StoreWorker<Link>) {
        guard let stored = workers[ObjectIdentifier(worker.connection)]?.parameters.blocks[key] else { return }
        var header = FrameHeader(.value)
        (header.run, header.attempt) = (run, worker.attempt)
        header.step = UInt64(step)
        header.blockKey = key.wire
        if worker.isLocal {
            header.flags = .shared
            worker.connection.send(header)
        } else {
            worker.connection.send(header, .tensor(stored.values[step & 1], byteCount: stored.valueLayout.byteCount))
        }
    }

    // MARK: The coordinator

    private func send(_ message: WireStepStored, attempt: UInt32, measuresMemory: Bool) {
        var stored = message
        if measuresMemory {
            let use = MemoryUse.current
            stored.memory = UInt64(use.own + use.shared)
        }
        coordinator.send(.with { [stored] in $0.stepStored = stored }, run: run, attempt: attempt)
    }

    /// Sends values and momentum after the last committed step, of memory that workers have registered, or as they came.
    private func send(_ keys: [ParameterBlock.Key], step: Int, _ kind: FrameHeader.Kind) {
        let (coordinator, run) = (coordinator, run)
        let order = SnapshotOrder(keys.compactMap { memory?.block($0) }, step: step) { packed, block, isMomentum in
            coordinator.send(packed, of: block, momentum: isMomentum, step: step, run: run, kind)
        }
        updates.submit(kind == .snapshot ? .snapshot(order) : .handOver(order))
        for key in keys where memory?.block(key) == nil {
            guard let (block, parts) = memory?.packed(key) else { continue }
            for (isMomentum, packed) in zip([false, true], parts) {
                if let packed { coordinator.send(packed, of: block, momentum: isMomentum, step: step, run: run, kind) }
            }
        }
    }
}
