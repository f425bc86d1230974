import Glibc
import Foundation
import NeuralNetwork
import Partition
public import RunLog
import SwiftProtobuf
import Tensors
import Threading
public import Wire

/// The coordinator: rendezvous, grants and commits, validation, checkpoints, recovery and the run's record. It computes
/// nothing itself.
public final class CoordinatorService: @unchecked Sendable, LinkReceiver {
    public let address: SocketAddress
    let plan: RunPlan
    let steps: StepPlan
    let run: UInt64
    let writer: RunWriter
    let news: @Sendable (RunNews) -> Void
    let loop: EventLoop
    let listener: Listener
    private let outcome = Monitor<RunOutcome?>(nil)
    private let accepted = Monitor<(@Sendable (Link) -> Void)?>(nil)

    // Touched by the loop's thread only.
    var rendezvous: Rendezvous
    var ledger: StepLedger
    var members: [ObjectIdentifier: Member] = [:]
    var attempt: UInt32 = 0
    /// Steps are trained: everybody is ready for this attempt.
    var isTraining = false
    /// The attempt before was ended by a loss.
    var isRecovering = false
    /// Training has begun once.
    var hasStarted = false
    var isStopping = false
    var joinDeadline = 0.0
    var losses = LossHistory()
    var health: HealthMonitor
    var stragglers = StragglerWatch()
    var records: StepRecords
    var board = StatusBoard()
    let norms: StepNorms
    let statusWriter: StatusWriter
    /// Takes every status as it is written.
    let statusListener: (@Sendable (RunStatus) -> Void)?
    var assemblies: [Int: CheckpointAssembler] = [:]
    var checkpointsUnderWay = 0
    /// Who computes what; the plan's at first.
    var layout: ColumnLayout { didSet { if layout != oldValue { hasChangedLayout = true } } }
    /// To be asked when `serve` has returned.
    public private(set) var hasChangedLayout = false
    var policy: LayoutPolicy
    /// A change that has been begun and after which training has not gone on yet.
    var change: LayoutChange?
    /// Links of those with a place that have asked to leave.
    var leaving: Set<ObjectIdentifier> = []
    /// Places of lost workers that had asked to leave: nobody comes back to them.
    var abandoned = 0
    /// Of the network, in the order of their keys.
    let blocks: [ParameterBlock]
    /// Links of the stores that keep each block; none before the first topology.
    var keepers: [ParameterBlock.Key: ObjectIdentifier] = [:]
    /// The same by rank in the topology.
    var placement: BlockPlacement?
    var moves = ValueMoves()
    /// Connections so far.
    var joins = 0
    /// Made when the first worker asks for the data set.
    private var dataServer: DatasetServer?

    /// Listens at once; whoever connects waits for `serve`.
    /// - Parameter status: called about once a second, on the loop's thread.
    public init(
        _ plan: RunPlan, writer: RunWriter, run: UInt64, status: (@Sendable (RunStatus) -> Void)? = nil,
        news: @escaping @Sendable (RunNews) -> Void
    ) throws {
        (self.plan, self.writer, self.run, self.news) = (plan, writer, run, news)
        statusListener = status
        steps = StepPlan(
            recipe: plan.configuration.recipe, imagesPerEpoch: plan.imagesPerEpoch,
            base: plan.baseStep, last: plan.steps)
        rendezvous = Rendezvous(
            workers: plan.workers, stores: plan.stores, threads: plan.configuration.recipe.threads,
            datasetFingerprint: plan.datasetFingerprint, version: Product.version)
        ledger = StepLedger(
            plan: steps, workers: plan.workers, stores: 1, errors: plan.earlierErrors, isBaseValidated: plan.isBaseValidated)
        health = try Self.monitor(plan, plan.layout)
        blocks = try plan.configuration.network.parameterBlocks()
        layout = plan.layout
        policy = LayoutPolicy(
            columns: plan.layout.columns, slices: plan.configuration.recipe.slices, asked: plan.workers, isElastic: plan.isElastic,
            interval: plan.elasticInterval)
        norms = try StepNorms(plan.configuration.network)
        records = StepRecords(steps: steps, batch: plan.configuration.recipe.batch, layout: plan.layout)
        loop = try EventLoop(name: "coordinator-io", security: plan.security)
        let accepted = accepted
        do {
            listener = try Listener(plan.listen, loop: loop) { link in accepted.wait(timeout: 60) { $0 }?(link) }
        } catch {
            loop.stop()
            throw error
        }
        address = listener.address
        statusWriter = StatusWriter(writer)
    }

    /// Runs to the end and returns how it ended.
    public func serve() -> RunOutcome {
        FaultPlace.identify(.coordinator, rank: 0)
        accepted.update { $0 = { [weak self] link in if let self { link.start(self) } } }
        loop.submit { [self] in
            joinDeadline = MonotonicClock.now + plan.joinPatience
            news(.listening(address))
            announceRestart()
            watchHealth()
            writeStatusRegularly()
        }
        remindLater(after: 5)
        let result = outcome.wait { $0 }!
        loop.submit { [self] in
            listener.stop()
            dataServer?.stop()
            var finish = WireFinish()
            switch result {
            case .failed(let reason): (finish.failed, finish.reason, finish.forGood) = (true, reason, true)
            case .lost(let reason): (finish.failed, finish.reason) = (true, reason)
            case .interrupted: finish.stopped = true
            case .finished: break
            }
            for member in members.values {
                member.link.send(.with { $0.finish = finish }, run: run)
                member.link.finish()
            }
        }
        // Peers hang up when they have read it.
        for _ in 0..<100 {
            let isEmpty = Monitor<Bool?>(nil)
            loop.submit { [self] in
                let empty = members.isEmpty
                isEmpty.update { $0 = empty }
            }
            if isEmpty.wait(timeout: 1, until: { $0 }) == true { break }
            usleep(10_000)
        }
        loop.stop()
        statusWriter.stop()
        return result
    }

    /// Ends the run after the steps that are under way, with a checkpoint.
    public func stop() {
        loop.submit { [self] in
            guard !isStopping else { return }
            isStopping = true
            news(.stopping)
            writer.event("stop", "asked to stop")
            guard hasStarted else { return end(.interrupted(step: steps.base)) }
            // Values on their way are whole when they have arrived.
            if moves.isEmpty { endAfterStop() }
        }
    }

    func endAfterStop() {
        perform(ledger.stop())
        finishIfDone()
    }

    /// Says what a run that was restarted lost, and which checkpoints it could not use.
    private func announceRestart() {
        for reason in plan.passedOver {
            writer.event("checkpoint-damaged", reason)
            news(.passedOver(reason))
        }
        if let reason = plan.restartReason {
            writer.event("recovered", "restarted from step \(steps.base): \(reason)", ["step": "\(steps.base)"])
            news(.recovered(reason: reason, fromStep: steps.base))
        }
    }

    func end(_ result: RunOutcome) {
        outcome.update { if $0 == nil { $0 = result } }
    }

    var hasEnded: Bool { outcome.read { $0 != nil } }

    /// Sends to everybody who takes part in steps.
    func broadcast(_ message: WireControlMessage) {
        for member in members.values where member.takesPart { member.link.send(message, run: run, attempt: attempt) }
    }

    // MARK: Frames

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control:
            // A stranger, or a person, gets no more room than a greeting needs.
            return .bytes(limit: (members[ObjectIdentifier(link)]?.role ?? .dashboard) == .dashboard ? 4096 : WireControlMessage.sizeLimit)
        case .snapshot:
            guard members[ObjectIdentifier(link)]?.isStore == true, header.run == run,
                let assembly = assemblies[Int(clamping: header.step)]
            else { throw WireError(.malformed, "a snapshot that nobody asked for") }
            return .memory(try assembly.destination(for: header))
        case .restore:
            guard header.run == run else { throw WireError(.malformed, "values of another run") }
            return .memory(try moves.destination(for: header, on: ObjectIdentifier(link)))
        default: throw WireError(.malformed, "a coordinator takes no \(header.kind) frames")
        }
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        if header.kind == .snapshot {
            let assembly = assemblies[Int(clamping: header.step)]
            try assembly?.received(header)
            if let assembly, assembly.isComplete {
                write(assembly)
                considerChange()
            }
            return
        }
        if header.kind == .restore { return try receivedMove(header, on: link) }
        let message = try WireControlMessage(payload: payload)
        guard let member = members[ObjectIdentifier(link)] else {
            guard case .hello(let hello)? = message.body else {
                throw WireError(.malformed, "a stranger that did not introduce itself")
            }
            try link.admit(hello)
            return try admit(hello, link)
        }
        switch (member.role, message.body) {
        case (.heartbeat(let owner), .heartbeat(let heartbeat)):
            // One that waits for a place is only answered.
            if let process = members[owner]?.name {
                health.hear(process, heartbeat, at: MonotonicClock.now)
                board.hear(process, heartbeat)
            }
            var pulse = WirePulse()
            (pulse.sent, pulse.now) = (heartbeat.sent, WallClock.nanoseconds)
            link.send(.with { [pulse] in $0.pulse = pulse })
        case (.heartbeat(let owner), .logLines(let lines)): if let process = members[owner]?.lastName { try received(lines, from: process) }
        case (.dashboard, .command(let command)): try received(command, on: link)
        case (.released, _): break
        case (_, .failure(let failure)): lose(member, because: failure.reason, isFault: false)
        case (.worker, .leave), (.store, .leave), (.spare, .leave): receivedLeave(from: member)
        // They may have said it before they heard that they have no place any more.
        case (.spare, _), (.leaving, _): break
        case (.worker, .dataQuestion), (.worker, .dataRequest): try serveData(message, to: member)
        // What was said of an older attempt has no meaning any more.
        case (.worker, _) where header.attempt != attempt, (.store, _) where header.attempt != attempt: break
        case (.worker, .ready), (.store, .ready):
            member.ready = attempt
            startIfReady()
        case (.worker(let rank), .stepReport(let report)): received(report, worker: rank)
        case (.store(let rank), .stepStored(let stored)): received(stored, store: rank)
        case (.worker(let rank), .validationReport(let report)): received(report, worker: rank)
        case (.worker, .linkLost(let lost)): received(lost, from: member)
        default: throw WireError(.malformed, "a control message out of place")
        }
    }

    public func closed(_ link: Link, _ error: WireError) {
        guard let member = members[ObjectIdentifier(link)] else { return }
        lose(member, because: "\(error)", isFault: true)
    }

    private func serveData(_ message: WireControlMessage, to member: Member) throws {
        let server = dataServer ?? DatasetServer(directory: plan.datasetPath, run: run)
        dataServer = server
        if case .dataRequest(let request)? = message.body { return try server.ask(request, member.link) }
        let listing = try server.listing()
        member.link.send(.with { $0.dataListing = listing }, run: run)
        guard case .worker(let rank) = member.role else { return }
        writer.event("data", "worker \(rank) on \(member.hello.hostName) fetches the data set")
        news(.fetching(rank: rank, host: member.hello.hostName, bytes: listing.files.reduce(0) { $0 + Int(clamping: $1.size) }))
    }
}
