import Glibc
import NeuralNetwork
import Partition
import Platform
import Protocol
public import RunLog
public import Security
import SwiftProtobuf
import Tensors
public import Transport

/// The coordinator's edge: its sockets, timers and files. What to do is decided by `RunState`; the service feeds it events and carries out
/// its effects. It computes nothing itself.
public final class CoordinatorService: @unchecked Sendable, LinkReceiver {
    public let address: SocketAddress
    let plan: RunPlan
    /// The run's identity.
    var run: UInt64 { plan.run }
    let loop: EventLoop
    let journal: RunJournal
    private let recorder: RunRecorder
    private let listener: Listener
    private let outcome = Monitor<RunOutcome?>(nil)
    private let accepted = Monitor<(@Sendable (Link) -> Void)?>(nil)

    // Touched by the loop's thread only.
    var state: RunState
    var connections = Connections()
    var checkpoints: CheckpointWriter
    var moving = MovingParts()
    var record: RunRecordKeeper
    var status: StatusKeeper
    /// Made when the first worker asks for the data set.
    var dataServer: DatasetServer?

    /// Listens at once; connections wait for `serve`.
    /// - Parameter status: Called about once a second, on the loop's thread.
    public init(
        _ plan: RunPlan, recorder: RunRecorder, run: UInt64, journal: RunJournal, status: (@Sendable (RunStatus) -> Void)? = nil
    ) throws {
        (self.journal, self.recorder) = (journal, recorder)
        loop = try EventLoop(name: "coordinator-io", security: plan.security)
        let accepted = accepted
        do {
            listener = try Listener(plan.listen, loop: loop) { link in accepted.wait(timeout: 60) { $0 }?(link) }
            address = listener.address
            var plan = plan
            (plan.run, plan.fencing, plan.listen, plan.directory) = (
                run, recorder.lease.fencing, listener.address, recorder.directory.path
            )
            self.plan = plan
            state = try RunState(plan, at: MonotonicClock.now)
        } catch {
            loop.stop()
            throw error
        }
        checkpoints = CheckpointWriter(plan, recorder)
        record = RunRecordKeeper(plan.configuration, plan.layout, recorder)
        self.status = StatusKeeper(recorder, listener: status)
    }

    /// Whether another layout than the first has trained. For use after `serve` has returned.
    public var hasChangedLayout: Bool { record.hasChangedLayout }

    /// Runs to the end and returns how it ended.
    public func serve() -> RunOutcome {
        FaultInjection.identify(.coordinator, rank: 0)
        accepted.update { $0 = { [weak self] link in if let self { link.start(self) } } }
        loop.submit { [self] in
            // Members have as long to join from here as the plan says.
            state.restartClock(at: MonotonicClock.now)
            journal(.listening(address))
            announceRestart()
            tickRegularly()
            writeStatusRegularly()
        }
        let result = outcome.wait { $0 }!
        loop.submit { [self] in
            listener.stop()
            dataServer?.stop()
            for connection in connections.all {
                connection.link.send(.with { $0.finish = WireFinish(result) }, run: run)
                connection.link.finish()
            }
        }
        // Peers hang up when they have read it.
        for _ in 0..<100 {
            let isEmpty = Monitor<Bool?>(nil)
            loop.submit { [self] in
                let empty = connections.all.isEmpty
                isEmpty.update { $0 = empty }
            }
            if isEmpty.wait(timeout: 1, until: { $0 }) == true { break }
            usleep(10_000)
        }
        loop.stop()
        return result
    }

    /// Ends the run after the steps that are under way, with a checkpoint.
    public func stop() { loop.submit { [self] in handle(.stop) } }

    func conclude(_ result: RunOutcome) { outcome.update { if $0 == nil { $0 = result } } }

    /// Says what a run that was restarted lost, and which checkpoints it could not use.
    private func announceRestart() {
        for reason in plan.history.unusableCheckpoints { journal(.checkpointDamaged(reason)) }
        // One that takes a run over does not know yet from which step it continues.
        guard plan.history.survivingRun == nil, let reason = plan.history.restartReason else { return }
        journal(.restarted(step: plan.baseStep, reason: reason, fromMemory: false))
    }

    private func tickRegularly() {
        guard !state.hasEnded else { return }
        handle(.tick)
        recorder.tick()
        loop.schedule(after: 0.25) { [weak self] in self?.tickRegularly() }
    }

    private func writeStatusRegularly() {
        guard !state.hasEnded else { return }
        status.write(state, at: MonotonicClock.now)
        loop.schedule(after: 1) { [weak self] in self?.writeStatusRegularly() }
    }

    // MARK: Events and effects

    /// Lets the run's state decide about an event, and does what it says. On the loop's thread.
    func handle(_ input: RunInput) {
        var inputs = [input]
        while !inputs.isEmpty {
            for effect in state.handle(inputs.removeFirst(), at: MonotonicClock.now) {
                do { try carryOut(effect) } catch { inputs.append(.broken("\(error)")) }
            }
        }
    }

    /// Records what the service itself has to say.
    func journal(_ entry: JournalEntry) {
        do { try journal.record(entry) } catch { handle(.broken("\(error)")) }
    }

    private func carryOut(_ effect: Effect) throws {
        switch effect {
        case .send(let order, let id, let attempt):
            guard let link = connections[id]?.link else { return }
            link.send(try message(order, attempt: attempt), run: run, attempt: attempt)
        case .finish(let id): connections.finish(id)
        case .cancel(let id, let delay, let reason):
            guard let link = connections[id]?.link else { return }
            loop.schedule(after: delay) { link.cancel(reason) }
        case .reject(let id, let reason): connections[id]?.link.cancel(reason)
        case .answer(let origin, let refusal):
            var answer = WireAnswer()
            (answer.accepted, answer.reason) = (refusal == nil, refusal ?? "")
            connections[origin.connection]?.link.send(.with { [answer] in $0.answer = answer }, run: run)
        case .journal(let entry):
            status.note(entry)
            try journal.record(entry)
        case .record(let participation):
            status.note(participation)
            record.note(participation)
        case .keepLines(let step): try record.keep(through: step)
        case .restoreStartingValues(let holders): try restoreStartingValues(holders)
        case .forward(let part, let id):
            guard let buffer = moving.take(part), let link = connections[id]?.link else { return }
            var header = FrameHeader(.restore)
            (header.run, header.blockKey, header.isMomentum) = (run, part.key.wire, part.isMomentum)
            link.send(header, buffer)
        case .beginCheckpoint(let step): try checkpoints.begin(step)
        case .dropCheckpoint(let step): checkpoints.drop(step)
        case .wake(let delay): loop.schedule(after: delay) { [weak self] in self?.handle(.tick) }
        case .end(let result):
            record.note(status.work)
            conclude(result)
        }
    }

    private func restoreStartingValues(_ holders: [BlockKey: MemberID]) throws {
        guard let start = plan.start else { return }
        if case .trained(let checkpoint) = start {
            try journal.record(.initialized(from: checkpoint.path, drawn: try start.drawn(plan.configuration)))
        }
        for block in state.holdings.blocks {
            guard let link = holders[block.key].flatMap({ connections[$0]?.link }) else { continue }
            for isMomentum in [false, true] {
                let packed = try start.packed(block, isMomentum: isMomentum, recipe: plan.configuration.recipe)
                var header = FrameHeader(.restore)
                (header.run, header.blockKey, header.isMomentum) = (run, block.key.wire, isMomentum)
                link.send(header, .tensor(packed, byteCount: 4 * block.shape.count))
            }
        }
    }

    /// Writes a checkpoint whose blocks are all here, on a thread of its own: the disk is slow.
    func write(_ assembly: CheckpointAssembler) {
        handle(.snapshotArrived(step: assembly.step))
        checkpoints.write(assembly) { [self] input in loop.submit { self.handle(input) } }
    }
}

extension WireFinish {
    init(_ outcome: RunOutcome) {
        self.init()
        switch outcome {
        case .failed(let reason): (failed, self.reason, forGood) = (true, reason, true)
        case .lost(let reason): (failed, self.reason) = (true, reason)
        case .unsaved(let reason): (failed, self.reason, forGood) = (true, reason, true)
        case .interrupted: stopped = true
        case .finished: break
        }
    }
}
