import Glibc
import Foundation
import Network
import Partition
public import RunLog
import SwiftProtobuf
import Tensors
import Threading
public import Wire

/// The coordinator: rendezvous, grants and commits, validation, checkpoints and the run's record. It computes
/// nothing itself.
public final class CoordinatorService: @unchecked Sendable, LinkReceiver {
    public let address: SocketAddress
    private let plan: RunPlan
    private let steps: StepPlan
    private let run: UInt64
    private let writer: RunWriter
    private let news: @Sendable (RunNews) -> Void
    private let loop: EventLoop
    private let outcome = Monitor<RunOutcome?>(nil)
    private let accepted = Monitor<(@Sendable (Link) -> Void)?>(nil)
    private let listener: Listener

    // Touched by the loop's thread only.
    private var rendezvous: Rendezvous
    private var ledger: StepLedger
    private var members: [ObjectIdentifier: Member] = [:]
    private var readyCount = 0
    private var isTraining = false
    private var isStopping = false
    private var joinDeadline = 0.0
    private var losses: [Int: Double] = [:]
    private var rates: [Int: Float] = [:]
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    private var work = WorkSummary()
    private var lastCommit = 0.0
    private var validated: Set<Int> = []
    private var assemblies: [Int: CheckpointAssembler] = [:]
    private var checkpointsUnderWay = 0
    /// Made when the first worker asks for the data set.
    private var dataServer: DatasetServer?

    private final class Member {
        let link: Link
        let hello: WireHello
        let role: Rendezvous.Verdict
        init(_ link: Link, _ hello: WireHello, _ role: Rendezvous.Verdict) {
            (self.link, self.hello, self.role) = (link, hello, role)
        }
    }

    /// Listens at once; whoever connects waits for `serve`.
    public init(_ plan: RunPlan, writer: RunWriter, run: UInt64, news: @escaping @Sendable (RunNews) -> Void) throws {
        (self.plan, self.writer, self.run, self.news) = (plan, writer, run, news)
        steps = StepPlan(
            recipe: plan.configuration.recipe, imagesPerEpoch: plan.imagesPerEpoch,
            base: plan.baseStep, last: plan.steps)
        rendezvous = Rendezvous(
            workers: plan.workers, stores: plan.stores, threads: plan.configuration.recipe.threads,
            datasetFingerprint: plan.datasetFingerprint, version: Product.version)
        ledger = StepLedger(
            plan: steps, workers: plan.workers, stores: 1, errors: plan.earlierErrors)
        loop = try EventLoop(name: "coordinator-io", security: plan.security)
        let accepted = accepted
        do {
            listener = try Listener(plan.listen, loop: loop) { link in accepted.wait(timeout: 60) { $0 }?(link) }
        } catch {
            loop.stop()
            throw error
        }
        address = listener.address
    }

    /// Runs to the end and returns how it ended.
    public func serve() -> RunOutcome {
        accepted.update { $0 = { [weak self] link in if let self { link.start(self) } } }
        loop.submit { [self] in
            joinDeadline = MonotonicClock.now + plan.joinPatience
            news(.listening(address))
            announceRestart()
        }
        remindLater(after: 5)
        let result = outcome.wait { $0 }!
        loop.submit { [self] in
            listener.stop()
            dataServer?.stop()
            var finish = WireFinish()
            switch result {
            case .failed(let reason), .lost(let reason): (finish.failed, finish.reason) = (true, reason)
            case .finished, .interrupted: break
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
        return result
    }

    /// Ends the run after the steps that are under way, with a checkpoint.
    public func stop() {
        loop.submit { [self] in
            guard !isStopping else { return }
            isStopping = true
            news(.stopping)
            writer.event("stop", "asked to stop")
            guard isTraining else { return end(.interrupted(step: steps.base)) }
            perform(ledger.stop())
            finishIfDone()
        }
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

    private func end(_ result: RunOutcome) {
        outcome.update { if $0 == nil { $0 = result } }
    }

    private func remindLater(after delay: Double) {
        loop.schedule(after: delay) { [weak self] in
            guard let self, !rendezvous.isComplete, outcome.read({ $0 == nil }) else { return }
            let (workers, stores) = (
                plan.workers - rendezvous.workers.count, rendezvous.storesMissing
            )
            if MonotonicClock.now > joinDeadline {
                let missing = [
                    workers > 0 ? "\(workers) of \(plan.workers) workers" : nil,
                    stores > 0 ? "\(stores) \(stores == 1 ? "store" : "stores")" : nil,
                ].compactMap { $0 }.joined(separator: " and ")
                let role = workers > 0 ? "worker" : "store"
                return end(
                    .failed(
                        "\(missing) did not join in \(Int(plan.joinPatience)) seconds; "
                            + "start one with: colonnade \(role) --coordinator \(address)"))
            }
            news(.waiting(workers: workers, stores: stores, address))
            remindLater(after: 10)
        }
    }

    // MARK: Frames

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control:
            // A stranger gets no more room than a greeting needs.
            return .bytes(limit: members[ObjectIdentifier(link)] == nil ? 4096 : WireControlMessage.sizeLimit)
        case .snapshot:
            guard case .store? = members[ObjectIdentifier(link)]?.role, header.run == run,
                let assembly = assemblies[Int(clamping: header.step)]
            else { throw WireError(.malformed, "a snapshot that nobody asked for") }
            return .memory(try assembly.destination(for: header))
        default: throw WireError(.malformed, "a coordinator takes no \(header.kind) frames")
        }
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        if header.kind == .snapshot {
            let assembly = assemblies[Int(clamping: header.step)]
            try assembly?.received(header)
            if let assembly, assembly.isComplete { write(assembly) }
            return
        }
        let message = try WireControlMessage(payload: payload)
        guard let member = members[ObjectIdentifier(link)] else {
            guard case .hello(let hello)? = message.body else {
                throw WireError(.malformed, "a stranger that did not introduce itself")
            }
            try link.admit(hello)
            return admit(hello, link)
        }
        switch (member.role, message.body) {
        case (_, .failure(let failure)):
            throw WireError(.refused, failure.reason)
        case (.worker, .ready), (.store, .ready): ready()
        case (.worker(let rank, _), .stepReport(let report)):
            let step = Int(clamping: report.step)
            losses[step] = report.loss
            work.add(worker: rank, report)
            if report.hasTimeline { trace(report.timeline, step: step, "worker", rank) }
            perform(ledger.report(worker: rank, step: step))
        case (.store(let rank), .stepStored(let stored)):
            let step = Int(clamping: stored.step)
            digests[step, default: []] += stored.digests
            work.add(store: rank, stored)
            if stored.hasTimeline { trace(stored.timeline, step: step, "store", rank) }
            perform(ledger.stored(store: rank, step: step))
        case (.worker, .validationReport(let report)): receivedValidation(report)
        case (.worker(let rank, _), .dataQuestion):
            let server = dataServer ?? DatasetServer(directory: plan.datasetPath, run: run)
            dataServer = server
            let listing = try server.listing()
            link.send(.with { $0.dataListing = listing }, run: run)
            writer.event("data", "worker \(rank) on \(member.hello.hostName) fetches the data set")
            news(.fetching(rank: rank, host: member.hello.hostName, bytes: listing.files.reduce(0) { $0 + Int(clamping: $1.size) }))
        case (.worker, .dataRequest(let request)):
            guard let dataServer else { throw WireError(.malformed, "a request before the question") }
            try dataServer.ask(request, link)
        default: throw WireError(.malformed, "a control message out of place")
        }
    }

    public func closed(_ link: Link, _ error: WireError) {
        guard let member = members.removeValue(forKey: ObjectIdentifier(link)) else { return }
        guard outcome.read({ $0 == nil }) else { return }
        let name: String
        switch member.role {
        case .worker(let rank, _): name = "worker \(rank)"
        case .store(let rank): name = "store \(rank)"
        case .spare, .refused: return
        }
        writer.event("lost", "\(name) on \(member.hello.hostName) is gone: \(error)")
        end(
            .lost(
                "\(name) on \(member.hello.hostName) (process \(member.hello.processID)) is gone: \(error); "
                    + "continue with --resume \(writer.directory.path)"))
    }

    // MARK: Joining

    private func admit(_ hello: WireHello, _ link: Link) {
        let verdict = rendezvous.admit(hello)
        members[ObjectIdentifier(link)] = Member(link, hello, verdict)
        let place = "\(hello.hostName) (\(link.remote), process \(hello.processID))"
        switch verdict {
        case .refused(let reason):
            members[ObjectIdentifier(link)] = nil
            var refusal = WireRefusal()
            refusal.reason = reason
            link.send(.with { $0.refusal = refusal })
            link.finish()
            let role = hello.role == .store ? "store" : "worker"
            writer.event("refused", "a \(role) on \(place) was refused: \(reason)")
            news(.refused("a \(role) on \(place) was refused: \(reason)"))
            return
        case .spare: return writer.event("spare", "a worker on \(place) waits as a spare")
        case .worker(let rank, let startsStore):
            welcome(link, hello, role: "worker", rank: rank, startsStore: startsStore)
        case .store(let rank): welcome(link, hello, role: "store", rank: rank)
        }
        if rendezvous.isComplete { sendTopology() }
    }

    private func welcome(_ link: Link, _ hello: WireHello, role: String, rank: Int, startsStore: Bool = false) {
        var welcome = WireWelcome()
        welcome.run = run
        welcome.rank = UInt32(rank)
        welcome.workers = UInt32(plan.workers)
        welcome.startsStore = startsStore
        welcome.datasetPath = plan.datasetPath
        welcome.datasetFingerprint = plan.datasetFingerprint
        do { welcome.configuration = try plan.configuration.json() } catch { return end(.failed("\(error)")) }
        link.send(.with { $0.welcome = welcome }, run: run)
        writer.event(
            "joined", "\(role) \(rank) on \(hello.hostName)",
            ["role": role, "rank": "\(rank)", "address": "\(link.remote)", "process": "\(hello.processID)"].merging(link.facts) { $1 })
        news(.joined(role: role, rank: rank, host: hello.hostName))
        record { record in
            record.processes.append(
                .init(
                    role: role, rank: rank, host: hello.hostName, address: "\(link.remote)",
                    process: Int(hello.processID)))
            if role == "worker", rank == 0 {
                record.versions = .init(
                    colonnade: hello.productVersion, kernelLibrary: "oneDNN \(hello.kernelLibrary)",
                    instructionSet: hello.instructionSet, cpu: hello.cpuModel)
            }
        }
    }

    private func record(_ body: (inout RunRecord) -> Void) {
        do { try writer.update(body) } catch { end(.failed("run.json cannot be written: \(error)")) }
    }

    private func sendTopology() {
        ledger.stores = rendezvous.stores.count
        var topology = WireTopology()
        topology.baseStep = UInt64(steps.base)
        topology.restores = plan.start != nil
        func endpoints(_ count: Int, _ isIt: (Rendezvous.Verdict, Int) -> Bool) -> [WireTopology.Endpoint] {
            (0..<count).compactMap { rank in
                guard let member = members.values.first(where: { isIt($0.role, rank) }) else { return nil }
                var endpoint = WireTopology.Endpoint()
                endpoint.address = member.link.remote.host
                endpoint.port = member.hello.listenPort
                endpoint.hostName = member.hello.hostName
                endpoint.processID = member.hello.processID
                return endpoint
            }
        }
        topology.workers = endpoints(plan.workers) { if case .worker(let rank, _) = $0 { rank == $1 } else { false } }
        topology.stores = endpoints(rendezvous.stores.count) { $0 == .store(rank: $1) }
        topology.storeOfColumn = storeOfColumn().map(UInt32.init)
        for member in members.values where member.role != .spare {
            member.link.send(.with { $0.topology = topology }, run: run)
        }
        if let start = plan.start { restore(start) }
    }

    /// A store on the host of the column's worker, where there is one; the others take turns.
    private func storeOfColumn() -> [Int] {
        guard let layout = try? ColumnLayout(columns: plan.configuration.network.columns, workers: plan.workers) else {
            return []
        }
        return (0..<layout.columns).map { column in
            let worker = layout.worker(of: column)
            let host = rendezvous.workers[worker].hostIdentity
            return rendezvous.stores.firstIndex { $0.hostIdentity == host } ?? worker % rendezvous.stores.count
        }
    }

    private func restore(_ start: StartingValues) {
        do {
            if case .trained(let checkpoint) = start {
                let anew = try start.anew(plan.configuration)
                writer.event("initialized", "initial values from \(checkpoint.path)", ["anew": anew.joined(separator: " ")])
                news(.initialized(from: checkpoint.path, anew: anew))
            }
            let owner = storeOfColumn()
            for block in try plan.configuration.network.parameterBlocks() {
                guard let store = members.values.first(where: { $0.role == .store(rank: owner[block.key.column]) }) else {
                    continue
                }
                for isMomentum in [false, true] {
                    let packed = try start.packed(block, isMomentum: isMomentum, recipe: plan.configuration.recipe)
                    var header = FrameHeader(.restore)
                    header.run = run
                    header.blockKey = block.key.wire
                    header.isMomentum = isMomentum
                    store.link.send(header, .tensor(packed, byteCount: 4 * block.shape.count))
                }
            }
        } catch { end(.failed("\(error)")) }
    }

    private func ready() {
        readyCount += 1
        guard readyCount == plan.workers + rendezvous.stores.count else { return }
        isTraining = true
        lastCommit = MonotonicClock.now
        writer.event("started", "training from step \(steps.base + 1) to \(steps.last)")
        news(.started(fromStep: steps.base, lastStep: steps.last))
        if steps.base == 0, plan.configuration.recipe.checkpoint.every != 0 { perform([.commit(step: 0, snapshot: true)]) }
        perform(ledger.advance())
        finishIfDone()
    }

    // MARK: Steps

    private func perform(_ actions: [StepLedger.Action]) {
        for action in actions {
            switch action {
            case .grant(let step, let rate, let validate):
                rates[step] = rate
                var grant = WireGrant()
                grant.step = UInt64(step)
                grant.learningRate = rate
                grant.validate = validate
                grant.trace = plan.traceInterval > 0 && step % plan.traceInterval == 0
                for member in members.values where member.role != .spare {
                    member.link.send(.with { $0.grant = grant }, run: run)
                }
            case .commit(let step, let snapshot):
                if step > steps.base, digests[step] != nil { committed(step) }
                var commit = WireCommit()
                commit.step = UInt64(step)
                commit.snapshot = snapshot
                if snapshot {
                    do { assemblies[step] = try CheckpointAssembler(step: step, network: plan.configuration.network) } catch {
                        return end(.failed("\(error)"))
                    }
                    checkpointsUnderWay += 1
                }
                for member in members.values {
                    if case .store = member.role { member.link.send(.with { $0.commit = commit }, run: run) }
                }
            }
        }
        finishIfDone()
    }

    private func committed(_ step: Int) {
        let now = MonotonicClock.now
        let seconds = now - lastCommit
        lastCommit = now
        let parts = (digests.removeValue(forKey: step) ?? []).sorted { $0.key < $1.key }.map(\.digest)
        let rate = Double(plan.configuration.recipe.batch) / seconds
        let loss = losses.removeValue(forKey: step) ?? .nan
        let learningRate = Double(rates.removeValue(forKey: step) ?? .nan)
        news(.step(step, epoch: steps.epoch(step), loss: loss, rate: learningRate, imagesPerSecond: rate))
        guard loss.isFinite else {
            return end(
                .failed(
                    "the loss of step \(step) is not a number: training diverged; lower optimizer.learning_rate "
                        + "(now \(learningRate)) and start again"))
        }
        do {
            try writer.append(
                StepMetrics(
                    step: step, epoch: steps.epoch(step), loss: loss, learningRate: learningRate, imagesPerSecond: rate,
                    seconds: seconds, digest: Digest.text(Digest.combine(parts))))
        } catch { end(.failed("metrics.jsonl cannot be written: \(error)")) }
    }

    private func trace(_ timeline: WireTimeline, step: Int, _ role: String, _ rank: Int) {
        let line = TimelineLine(
            step: step, role: role, rank: rank, origin: timeline.origin,
            spans: timeline.spans.map { .init(name: $0.name, kind: $0.kind.word, start: $0.start, duration: $0.duration) })
        do { try writer.append(line) } catch { end(.failed("timeline.jsonl cannot be written: \(error)")) }
    }

    private func receivedValidation(_ report: WireValidationReport) {
        let step = Int(clamping: report.step)
        // Every worker has the same logits and says the same.
        guard validated.insert(step).inserted, report.images > 0 else { return finishIfDone() }
        let images = Double(report.images)
        let metrics = ValidationMetrics(
            step: step, epoch: steps.epoch(step), loss: report.lossSum / images,
            top1Error: Double(report.top1Wrong) / images, top5Error: Double(report.top5Wrong) / images)
        do { try writer.append(metrics) } catch { end(.failed("metrics.jsonl cannot be written: \(error)")) }
        news(
            .validated(
                step: step, loss: metrics.loss, top1Error: metrics.top1_error, top5Error: metrics.top5_error))
        let before = (ledger.reductions, ledger.last)
        perform(ledger.validated(step: step, error: metrics.top1_error))
        if ledger.reductions != before.0 {
            let rate = steps.rate(step + 1, reductions: ledger.reductions)
            writer.event("learning-rate", "the validation error stopped improving: rate \(rate) from step \(step + 1)")
            news(.rateReduced(step: step, rate: Double(rate)))
        } else if ledger.last != before.1 {
            writer.event("plateau", "the validation error stopped improving at the last rate: training ends")
            news(.plateauEnded(step: step))
        }
        finishIfDone()
    }

    /// Writes a checkpoint from a thread of its own: the disk is slow.
    private func write(_ assembly: CheckpointAssembler) {
        assemblies[assembly.step] = nil
        let state = Checkpoint.State(
            step: assembly.step, configuration: plan.configuration, datasetFingerprint: plan.datasetFingerprint,
            classes: plan.classes, stored: plan.stored, version: Product.version)
        let mean = plan.mean
        let path = writer.directory.checkpointPath(step: assembly.step)
        _ = ServiceThread(name: "checkpoint") { [self] in
            let failure: String?
            do {
                try assembly.write(to: path, state: state, mean: mean)
                writer.directory.removeCheckpoints(keeping: plan.configuration.recipe.checkpoint.keep)
                failure = nil
            } catch { failure = "\(error)" }
            loop.submit { [self] in
                checkpointsUnderWay -= 1
                if let failure { return end(.failed("the checkpoint of step \(state.step) cannot be written: \(failure)")) }
                writer.event("checkpoint", "checkpoint of step \(state.step)", ["path": path])
                news(.checkpoint(step: state.step, path: path))
                finishIfDone()
            }
        }
    }

    private func finishIfDone() {
        guard isTraining, ledger.isDone, checkpointsUnderWay == 0 else { return }
        let last = ledger.committed
        // The last step's validation is reported after its commit; a step that was to be validated is, even when
        // the run stops there.
        guard last == steps.base || !steps.validates(after: last) || validated.contains(last) else { return }
        record { $0.work = work.lines }
        end(isStopping && last < steps.last ? .interrupted(step: last) : .finished(step: last))
    }
}

extension WireTimeline.Kind {
    /// As timeline.jsonl has it.
    fileprivate var word: TimelineLine.Kind {
        switch self {
        case .compute: .compute
        case .exchangeWait: .exchange_wait
        case .storeWait: .store_wait
        case .dataWait: .data_wait
        case .send: .send
        case .update: .update
        case .other, .UNRECOGNIZED: .other
        }
    }
}
