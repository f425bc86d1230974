import Coordinator
import NeuralNetwork
import Partition
import Protocol
import SwiftProtobuf
import Testing

/// Heartbeats in, verdicts out: the culprit is named, not those who wait for it.
@Suite struct HealthMonitorTests {
    private let programs: [WorkerProgram]
    private let workers = [0, 1].map { ProcessName(role: .worker, rank: $0, host: "host\($0)", processID: 100 + $0) }
    private let store = ProcessName(role: .store, rank: 0, host: "host0", processID: 200)

    init() throws {
        let network = try Preset.named("cifar10").network
        let compiler = try ProgramCompiler(network: network, workers: 2, batch: 8)
        programs = [compiler.program(worker: 0), compiler.program(worker: 1)]
        let placement = BlockPlacement(Dictionary(uniqueKeysWithValues: try network.parameterBlocks().map { ($0.key, 0) }))
        facts = .init(attempt: 0, committed: 6, granted: 8, missingWorkers: [0, 1], missingStores: [0], placement: placement)
    }

    private func monitor() -> HealthMonitor {
        var monitor = HealthMonitor(programs: programs, patience: 5)
        for process in workers + [store] { monitor.add(process, at: 0) }
        return monitor
    }

    private let facts: HealthMonitor.Facts

    private func beat(
        _ phase: WireHeartbeat.Phase, step: Int = 7, pass: Int = 7, place: Int = 0, seconds: Double = 0.1, usual: Double = 0.1
    ) -> WireHeartbeat {
        var beat = WireHeartbeat()
        (beat.phase, beat.step, beat.pass, beat.place) = (phase, UInt64(step), UInt32(pass), UInt32(place))
        (beat.seconds, beat.usual, beat.instruction, beat.awaitedStep) = (seconds, usual, "conv3 output", UInt64(step - 1))
        return beat
    }

    private func place(_ rank: Int, where isIt: (Instruction) -> Bool) -> Int { programs[rank].instructions.firstIndex(where: isIt)! }

    /// Lets heartbeats come four times a second, with the time at an instruction growing, until there is a verdict.
    private func run(
        _ monitor: inout HealthMonitor, until end: Double, silent: Set<ProcessName> = [], facts: HealthMonitor.Facts? = nil,
        _ beats: [(ProcessName, WireHeartbeat)]
    ) -> (Verdict, Double)? {
        var now = 0.0
        while now < end {
            now += 0.25
            for (process, beat) in beats where !silent.contains(process) || now < 2 {
                var beat = beat
                if beat.seconds > 0.1 { beat.seconds += now }
                monitor.hear(process, beat, at: now)
            }
            if let verdict = monitor.judge(at: now, facts ?? self.facts) { return (verdict, now) }
        }
        return nil
    }

    @Test func whoIsSilentIsNamedAndNotWhoWaits() throws {
        var monitor = monitor()
        let waits = place(0) { if case .receive = $0 { true } else { false } }
        let found = run(
            &monitor, until: 60, silent: [workers[1]],
            [
                (workers[0], beat(.awaitingSlab, place: waits, seconds: 1)), (workers[1], beat(.computing, place: 3)),
                (store, beat(.idle, step: 6)),
            ])
        let (verdict, at) = try #require(found)
        #expect(verdict.culprit == .process(workers[1]) && verdict.waiting == [workers[0]])
        #expect(verdict.sentence.contains("worker 1 on host1 (process 101) has sent no heartbeat"))
        // It fell silent at 2 seconds.
        #expect(at - 2 <= 2 * verdict.deadline)
    }

    @Test func whoComputesTooLongIsNamedByItsOwnHistory() throws {
        for (usual, deadline) in [(0.1, 5.0), (3.0, 12.0)] {
            var monitor = monitor()
            let waits = place(0) { if case .receive = $0 { true } else { false } }
            let found = run(
                &monitor, until: 60,
                [
                    (workers[0], beat(.awaitingSlab, place: waits, seconds: 1, usual: 100)),
                    (workers[1], beat(.computing, place: 3, seconds: 0.2, usual: usual)), (store, beat(.idle, step: 6)),
                ])
            let (verdict, at) = try #require(found)
            #expect(verdict.culprit == .process(workers[1]) && verdict.deadline == deadline)
            #expect(at <= 2 * deadline)
            #expect(verdict.sentence.contains("computing conv3 output in step 7"))
        }
    }

    @Test func aSlabThatWasSentAndIsNotThereIsTheConnections() throws {
        var monitor = monitor()
        guard case .receive(let slab, let from) = programs[0].instructions[place(0) { if case .receive = $0 { true } else { false } }]
        else { return }
        let waits = place(0) { $0 == .receive(slab, from: from) }
        let sent = try #require(programs[from].instructionIndex(ofSending: slab, to: 0))
        let peerWaits = programs[from].instructions.indices.first { index in
            if case .receive = programs[from].instructions[index] { index > sent } else { false }
        }!
        let found = run(
            &monitor, until: 60,
            [
                (workers[0], beat(.awaitingSlab, place: waits, seconds: 0.2)),
                (workers[1], beat(.awaitingSlab, place: peerWaits, seconds: 0.2)),
                (store, beat(.idle, step: 6)),
            ])
        #expect(try #require(found).0.culprit == .connection(from: workers[1], to: workers[0]))
    }

    @Test func oneThatHasNotSentYetIsGivenItsTime() {
        var monitor = monitor()
        let waits = place(0) { if case .receive = $0 { true } else { false } }
        // Slow, but as slow as usual.
        let found = run(
            &monitor, until: 30,
            [
                (workers[0], beat(.awaitingSlab, place: waits, seconds: 1)), (workers[1], beat(.computing, place: 1, seconds: 1, usual: 9)),
                (store, beat(.idle, step: 6)),
            ])
        #expect(found == nil)
    }

    @Test func aGradientThatDidNotReachTheStoreIsTheConnections() throws {
        var monitor = monitor()
        let pulls = place(0) { if case .pull = $0 { true } else { false } }
        guard case .pull(let key) = programs[0].instructions[pulls] else { return }
        var storeBeat = beat(.idle, step: 6)
        storeBeat.missing = [.with { $0.key = key.wire }]
        let found = run(
            &monitor, until: 60,
            [
                (workers[0], beat(.awaitingValue, step: 8, pass: 8, place: pulls, seconds: 0.2)),
                (workers[1], beat(.awaitingGrant, step: 9, pass: 8)), (store, storeBeat),
            ])
        #expect(try #require(found).0.culprit == .connection(from: workers[0], to: store))
        // The same without the gap: the value is lost.
        var other = self.monitor()
        storeBeat.missing = []
        let lost = run(
            &other, until: 60,
            [
                (workers[0], beat(.awaitingValue, step: 8, pass: 8, place: pulls, seconds: 0.2)),
                (workers[1], beat(.awaitingGrant, step: 9, pass: 8)), (store, storeBeat),
            ])
        #expect(try #require(lost).0.culprit == .connection(from: store, to: workers[0]))
    }

    @Test func aReportThatDidNotComeIsItsSenders() throws {
        var monitor = monitor()
        var facts = facts
        (facts.missingWorkers, facts.missingStores) = ([1], [])
        let all = programs[0].instructions.count
        let found = run(
            &monitor, until: 60, facts: facts,
            [
                (workers[0], beat(.awaitingGrant, step: 9, place: all, seconds: 0.2)),
                (workers[1], beat(.awaitingGrant, step: 9, place: all, seconds: 0.2)),
                (store, beat(.idle, step: 6)),
            ])
        #expect(try #require(found).0.culprit == .process(workers[1]))
    }

    @Test func aCoordinatorThatDidNotRunBlamesNobody() {
        var monitor = monitor()
        for time in stride(from: 0.25, through: 10, by: 0.25) {
            for process in workers + [store] { monitor.hear(process, beat(.idle), at: time) }
            #expect(monitor.judge(at: time, facts) == nil)
        }
        #expect(monitor.judge(at: 100, facts) == nil)
        var now = 100.0
        while monitor.judge(at: now, facts) == nil, now < 200 { now += 0.25 }
        #expect(now > 104.5 && now < 106)
    }

    @Test func stragglersAreFoundByTheirWorkAndForgottenWhenTheyKeepUp() {
        var watch = StragglerWatch()
        var findings: [StragglerWatch.Finding] = []
        for step in 0..<600 {
            for worker in 0..<4 {
                // Worker 2 has half the work and takes as long as the others; worker 1 is slow for half a minute.
                let isSlow = worker == 2 && step < 300 || worker == 1 && (400..<430).contains(step)
                let finding = watch.add(worker: worker, seconds: 1, flops: isSlow ? 5e9 : 1e10, at: Double(step))
                if let finding { findings.append(finding) }
            }
        }
        #expect(findings.count == 2)
        guard case .slow(worker: 2, let times)? = findings.first else { return #expect(Bool(false), "\(findings)") }
        #expect(times > 1.5 && times < 2.1)
        #expect(findings.last == .recovered(worker: 2))
    }
}
