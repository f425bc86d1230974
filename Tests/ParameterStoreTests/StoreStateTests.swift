import Platform
import Protocol
import Security
import Transport
import ParameterStore
import Partition
import Testing

@Suite struct StoreStateTests {
    // MARK: Workers

    /// A worker may have heard of the topology before the store.
    @Test func aWorkerIsRegisteredWhenTheTopologyIsHere() throws {
        var store = try StoreScript()
        #expect(try store.assign() == ["join"])
        let worker = store.connect(rank: 0, attempt: 1)
        #expect(try store.register(store.keys(ofColumn: 0), from: worker).isEmpty)
        #expect(try store.begin(1) == ["register 0 0..<1"])
        let count = store.keys(ofColumn: 0).count
        #expect(store.registered(worker) == ["initialize \(count) at 0"])
    }

    @Test func aWorkerIsToldOfItsValuesWhenBothAreReady() throws {
        var store = try StoreScript()
        _ = try store.assign()
        _ = try store.begin(1)
        let (first, second) = (store.connect(rank: 0, attempt: 1), store.connect(rank: 1, attempt: 1))
        let announcements = store.keys(ofColumn: 0).map { _ in "announce 0 to 0" }
        _ = try store.register(store.keys(ofColumn: 0), from: first)
        #expect(throws: WireError.self) { try store.ready(first) }
        _ = store.registered(first)
        #expect(try store.ready(first).isEmpty)
        #expect(store.initialize() == announcements)
        _ = try store.register(store.keys(ofColumn: 1), from: second)
        _ = store.registered(second)
        // Every block has values now, which the coordinator hears once.
        #expect(store.initialize() == ["ready in 1"])
        #expect(try store.ready(second) == store.keys(ofColumn: 1).map { _ in "announce 0 to 1" })
        #expect(try store.begin(1).isEmpty)
    }

    @Test func aWorkerWaitsForRestoredValuesUntilTheyAreWhole() throws {
        var store = try StoreScript()
        _ = try store.assign()
        _ = try store.begin(3, base: 5, restores: true)
        let worker = store.connect(rank: 0, attempt: 3)
        let keys = store.keys(ofColumn: 0)
        #expect(try store.register(keys, from: worker).isEmpty)
        for key in keys { #expect(store.restore(key, isMomentum: false).isEmpty) }
        for key in keys.dropLast() { #expect(store.restore(key, isMomentum: true).isEmpty) }
        let last = try #require(keys.last)
        #expect(store.restore(last, isMomentum: true) == ["register 0 0..<1"])
        #expect(store.registered(worker) == ["initialize \(keys.count) at 5"])
    }

    @Test func replicasShareMemoryAndAreToldTogether() throws {
        var store = try StoreScript()
        _ = try store.assign(workers: 2, replicas: 2)
        _ = try store.begin(1)
        let (first, second) = (store.connect(rank: 0, attempt: 1), store.connect(rank: 1, attempt: 1))
        let keys = store.keys
        #expect(try store.register(keys, from: first) == ["register 0 0..<1"])
        // One after another.
        #expect(try store.register(keys, from: second).isEmpty)
        #expect(store.registered(first) == ["initialize \(keys.count) at 0", "register 1 1..<2"])
        #expect(store.registered(second).isEmpty)
        #expect(store.initialize() == ["ready in 1"])
        _ = try store.grant(1)
        #expect(try store.push(keys[0], contribution: 1, step: 1, attempt: 1).isEmpty)
        #expect(try store.push(keys[0], contribution: 0, step: 1, attempt: 1) == ["update 1 in 1"])
        #expect(store.updated(keys[0], step: 1, attempt: 1) == ["announce 1 to 0", "announce 1 to 1"])
    }

    @Test func aWorkerThatClaimsWhatIsAnothersIsRefusedAlone() throws {
        var store = try StoreScript()
        _ = try store.assign()
        let other = try #require(store.keys(ofColumn: 1).last)
        _ = try store.begin(1, others: [other])
        let (first, thief, late) = (
            store.connect(rank: 0, attempt: 1), store.connect(rank: 1, attempt: 1), store.connect(rank: 2, attempt: 1)
        )
        let keys = store.keys(ofColumn: 0)
        _ = try store.register(keys, from: first)
        _ = store.registered(first)
        #expect(try store.register(keys, from: thief) == ["refuse 1"])
        #expect(try store.register(store.keys(ofColumn: 1), from: thief) == ["refuse 1"])
        #expect(try store.register([StoreScript.Key](), from: thief) == ["refuse 1"])
        #expect(try store.register(store.keys(ofColumn: 1).dropLast(), from: late) == ["refuse 2"])
        #expect(try store.register(store.keys(ofColumn: 1).dropLast(), from: thief) == ["register 1 0..<1"])
        #expect(throws: WireError.self) { try store.register(keys, from: thief) }
        // There is no memory for it; the next claim is heard.
        #expect(store.refused(thief).isEmpty)
        #expect(try store.register(store.keys(ofColumn: 1).dropLast(), from: thief) == ["register 1 0..<1"])
    }

    @Test func gradientsAreTakenFromTheirWorkerOnly() throws {
        var store = try StoreScript()
        let workers = try store.train(1)
        let gradient = ShardStepMachine.Gradient(of: store.keys(ofColumn: 0)[0])
        #expect(store.state.accepts(gradient, attempt: 1, from: workers[0]))
        #expect(!store.state.accepts(gradient, attempt: 1, from: workers[1]))
        #expect(!store.state.accepts(gradient, attempt: 2, from: workers[0]))
        #expect(!store.state.accepts(ShardStepMachine.Gradient(of: gradient.key, contribution: 1), attempt: 1, from: workers[0]))
        _ = try store.abort(2)
        #expect(!store.state.accepts(gradient, attempt: 1, from: workers[0]))
    }

    // MARK: Steps

    @Test func aStepIsStoredWhenEveryBlockIsUpdated() throws {
        var store = try StoreScript()
        _ = try store.train(1)
        #expect(throws: WireError.self) { try store.grant(3) }
        #expect(try store.grant(1, measure: true).isEmpty)
        for key in store.keys { #expect(try store.push(key, step: 1, attempt: 1) == ["update 1 in 1, measured"]) }
        #expect(throws: WireError.self) { try store.push(store.keys[0], step: 1, attempt: 1) }
        for key in store.keys.dropLast() { #expect(store.updated(key, step: 1, attempt: 1) == ["announce 1 to \(key.column)"]) }
        #expect(throws: WireError.self) { try store.commit(1) }
        let (last, count) = (try #require(store.keys.last), store.keys.count)
        #expect(store.updated(last, step: 1, attempt: 1) == ["announce 1 to \(last.column)", "stored 1 of \(count) in 1"])
        #expect(try store.commit(1, snapshot: true) == ["snapshot \(count) of 1"])
    }

    // MARK: Attempts

    @Test func nothingOfAnAttemptIsLeftInTheNext() throws {
        var store = try StoreScript()
        _ = try store.train(1)
        _ = try store.grant(1, measure: true, trace: true)
        for key in store.keys { _ = try store.push(key, step: 1, attempt: 1) }
        _ = store.updated(store.keys[0], step: 1, attempt: 1)
        #expect(store.state.attempt?.records.isTraced(1) == true)
        let early = store.connect(rank: 0, attempt: 2)
        #expect(try store.abort(2) == ["drop before 2", "close 0", "close 1"])
        #expect(store.state.attempt == nil)
        #expect(store.updated(store.keys[1], step: 1, attempt: 1).isEmpty)
        // Memory and values stay: the coordinator hears so at once, and the worker has nothing to wait for.
        #expect(try store.begin(2) == ["ready in 2"])
        let count = store.keys(ofColumn: 0).count
        #expect(try store.register(store.keys(ofColumn: 0), from: early) == ["register 0 0..<1"])
        #expect(store.registered(early).isEmpty)
        #expect(try store.ready(early) == Array(repeating: "announce 0 to 0", count: count))
        #expect(store.state.attempt?.records.isTraced(1) == false)
        _ = try store.grant(1)
        for key in store.keys { #expect(try store.push(key, step: 1, attempt: 2) == ["update 1 in 2"]) }
        var last: [String] = []
        for key in store.keys { last = store.updated(key, step: 1, attempt: 2) }
        #expect(last.last == "stored 1 of \(store.keys.count) in 2")
    }

    @Test func aTopologyOfAnotherAttemptOrStepIsMalformed() throws {
        var store = try StoreScript()
        #expect(throws: WireError.self) { try store.begin(1) }
        _ = try store.train(1)
        #expect(throws: WireError.self) { try store.begin(2) }
        _ = try store.abort(2)
        #expect(throws: WireError.self) { try store.begin(2, base: 1) }
        #expect(try store.begin(2) == ["ready in 2"])
    }

    @Test func aCoordinatorThatHasASuccessorIsRefused() throws {
        var store = try StoreScript()
        _ = try store.assign(fencing: 3)
        #expect(throws: WireError.self) { try store.assign(workers: 1, fencing: 2) }
        #expect(store.state.assignment?.layout.workers == 2)
        _ = try store.assign(workers: 1, fencing: 4)
    }

    // MARK: Changes of layout

    @Test func messagesWaitWhileValuesAreCopied() throws {
        var store = try StoreScript()
        _ = try store.train(1)
        try store.step(1, attempt: 1)
        _ = try store.commit(1)
        _ = try store.abort(2)
        #expect(try store.assign(workers: 1) == ["assign", "collect 1"])
        let worker = store.connect(rank: 0, attempt: 2)
        #expect(try store.register(store.keys, from: worker).isEmpty)
        #expect(try store.begin(2, base: 1, restores: true).isEmpty)
        #expect(store.state.shard == nil)
        #expect(try store.collected(store.keys) == ["register 0 0..<1"])
        #expect(store.registered(worker) == ["initialize \(store.keys.count) at 1"])
        #expect(store.initialize() == ["ready in 2"])
    }

    @Test func anEndDoesNotWaitForValues() throws {
        var store = try StoreScript()
        _ = try store.train(1)
        _ = try store.abort(2)
        _ = try store.assign(workers: 1)
        #expect(try store.abort(3).isEmpty)
        #expect(try store.finish().count == 1)
        for _ in 0..<63 { #expect(try store.abort(4).isEmpty) }
        #expect(throws: WireError.self) { try store.abort(4) }
    }

    @Test func blocksThatAreHandedOverAreNotHeldAnyMore() throws {
        var store = try StoreScript()
        _ = try store.train(1)
        _ = try store.abort(2)
        let given = store.keys(ofColumn: 1)
        #expect(throws: WireError.self) { try store.handOver(given, step: 1) }
        #expect(try store.handOver(given, step: 0) == ["hand over \(given.count) of \(store.keys.count) after 0"])
        #expect(given.allSatisfy { !store.state.acceptsValues(of: $0) })
        _ = try store.assign()
        #expect(given.allSatisfy { store.state.acceptsValues(of: $0) })
        let kept = store.keys(ofColumn: 0)
        _ = try store.begin(2, restores: true, others: given)
        #expect(try store.collected(kept).isEmpty)
        let worker = store.connect(rank: 0, attempt: 2)
        #expect(try store.register(kept, from: worker) == ["register 0 0..<1"])
        _ = store.registered(worker)
        #expect(store.initialize() == ["ready in 2"])
    }
}
