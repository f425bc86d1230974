import RunLog
import TestSupport
import Testing

/// Two and three coordinators of one run, through every order of their events that fits into a few units of time.
@Suite struct LeaseModelTests {
    /// What a search has come across.
    private struct Findings {
        var worlds = 0
        /// A world in which two processes may write.
        var conflict: LeaseWorld?
        var successions: Set<RunLease.Succession> = []
        var hasSuperseded = false
        var hasRefused = false

        mutating func note(_ world: LeaseWorld) {
            worlds += 1
            if world.writers.count > 1 { conflict = conflict ?? world }
            successions.formUnion(world.processes.compactMap(\.succession))
            if world.processes.contains(where: { $0.next == .superseded }) { hasSuperseded = true }
            if world.processes.contains(where: { $0.next == .refused }) { hasRefused = true }
        }
    }

    /// Visits every world that can follow.
    private func search(_ start: LeaseWorld, until time: Int, ends: Bool) -> Findings {
        var findings = Findings()
        var seen: Set<LeaseWorld> = [start]
        var waiting = [start]
        while let world = waiting.popLast(), findings.conflict == nil {
            findings.note(world)
            for event in world.events(ends: ends) where event != .tick || world.clock < time {
                var next = world
                next.take(event)
                if seen.insert(next).inserted { waiting.append(next) }
            }
        }
        return findings
    }

    /// A world whose first process holds the lease; the others come later.
    private func held(_ count: Int, isOneHost: Bool = false, times: [RunLease.Times] = []) -> LeaseWorld {
        var world = LeaseWorld(processes: count, isOneHost: isOneHost, times: times)
        while world.processes[0].succession == nil { world.take(.step(0)) }
        return world
    }

    @Test func twoThatStartTogetherNeverBothWrite() {
        let found = search(LeaseWorld(processes: 2), until: 4, ends: false)
        #expect(found.conflict == nil, "after \(found.worlds) worlds")
        #expect(found.hasRefused && found.hasSuperseded && found.successions == [.first, .stoodStill])
    }

    @Test(arguments: [false, true]) func aHolderAndAnObserverNeverBothWrite(isOneHost: Bool) {
        let found = search(held(2, isOneHost: isOneHost), until: 4, ends: true)
        #expect(found.conflict == nil, "after \(found.worlds) worlds")
        #expect(found.hasRefused && found.hasSuperseded)
        #expect(found.successions == Set([.first, .released, .stoodStill] + (isOneHost ? [.ownerEnded] : [])))
    }

    @Test func threeThatStartTogetherNeverTwoWrite() {
        let found = search(LeaseWorld(processes: 3), until: 1, ends: false)
        #expect(found.conflict == nil, "after \(found.worlds) worlds")
        #expect(found.hasRefused)
    }

    /// Longer stories of three processes, chosen at random, in which processes are stopped and killed at any time.
    @Test(arguments: [false, true]) func threeInRandomOrdersNeverTwoWrite(isOneHost: Bool) {
        var findings = Findings()
        for seed in 1...600 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var world = held(3, isOneHost: isOneHost)
            /// How many times as often as the others each process gets its turn.
            let weights = (0..<3).map { _ in [1, 4, 16].randomElement(using: &generator)! }
            for _ in 0..<160 {
                let events = world.events(ends: Int.random(in: 0..<40, using: &generator) == 0).flatMap { event in
                    if case .step(let index) = event { Array(repeating: event, count: weights[index]) } else { [event, event] }
                }
                world.take(events.randomElement(using: &generator)!)
                findings.note(world)
            }
        }
        #expect(findings.conflict == nil)
        #expect(findings.hasRefused && findings.hasSuperseded && findings.successions.isSuperset(of: [.first, .released, .stoodStill]))
    }

    /// The search finds it if a successor waits for a shorter time than the owner before may act.
    @Test func aSuccessorThatDoesNotWaitIsFound() {
        var lasting = LeaseWorld.times
        lasting.validity = 3
        #expect(search(held(2, times: [lasting, LeaseWorld.times]), until: 4, ends: false).conflict != nil)
    }
}
