import Coordinator
import Protocol
import Testing

@Suite struct RendezvousTests {
    private func rendezvous(_ stores: StorePlacement = .byHand(1)) -> Rendezvous {
        Rendezvous(workers: 2, stores: stores, threads: 1, datasetFingerprint: "aaaa", version: "1.0")
    }

    private func worker(_ change: (inout WireHello) -> Void = { _ in }) -> WireHello {
        var hello = WireHello()
        hello.role = .worker
        hello.productVersion = "1.0"
        hello.cpuModel = "model"
        hello.instructionSet = "avx2"
        change(&hello)
        return hello
    }

    @Test func ranksAreGivenInOrderAndTheRestAreSpares() {
        var rendezvous = rendezvous()
        #expect(rendezvous.admit(worker()) == .worker(rank: 0, startsStore: false))
        #expect(rendezvous.admit(worker { $0.role = .store }) == .store(rank: 0))
        #expect(!rendezvous.isComplete)
        #expect(rendezvous.admit(worker()) == .worker(rank: 1, startsStore: false))
        #expect(rendezvous.isComplete)
        #expect(rendezvous.admit(worker()) == .spare)
    }

    @Test func whoWouldComputeOtherBitsIsRefusedWithBothFacts() {
        var rendezvous = rendezvous()
        _ = rendezvous.admit(worker())
        for (change, words) in [
            ({ (hello: inout WireHello) in hello.productVersion = "0.9" }, ["0.9", "1.0"]),
            ({ (hello: inout WireHello) in hello.datasetFingerprint = "bbbb" }, ["aaaa", "bbbb"]),
            ({ (hello: inout WireHello) in hello.cpuModel = "other" }, ["other", "model"]),
            ({ (hello: inout WireHello) in hello.threads = 2 }, ["--threads 2", "--threads 1"]),
        ] {
            guard case .refused(let reason) = rendezvous.admit(worker(change)) else {
                Issue.record("admitted, against \(words)")
                continue
            }
            for word in words { #expect(reason.contains(word)) }
        }
        #expect(rendezvous.workers.count == 1)
    }

    @Test func workersOfAHostFollowEachOther() {
        #expect(Rendezvous.grouped(["b", "a", "b", "c", "a"]) == [0, 2, 1, 4, 3])
        #expect(Rendezvous.grouped(["a", "a", "b"]) == [0, 1, 2])
        #expect(Rendezvous.grouped([]) == [])
    }

    @Test func everyHostOfWorkersHasOneStore() {
        var rendezvous = rendezvous(.everyHost(coordinator: "a"))
        func hello(_ role: WireHello.Role, on host: String) -> WireHello {
            worker { ($0.role, $0.hostIdentity) = (role, host) }
        }
        #expect(rendezvous.storesMissing == 1)
        #expect(rendezvous.admit(hello(.store, on: "b")) == .refused("no worker of the run is on its host"))
        #expect(rendezvous.admit(hello(.worker, on: "b")) == .worker(rank: 0, startsStore: true))
        #expect(rendezvous.storesMissing == 2)
        #expect(rendezvous.admit(hello(.store, on: "b")) == .store(rank: 0))
        #expect(rendezvous.admit(hello(.store, on: "b")) == .refused("its host has a parameter store of the run already"))
        #expect(rendezvous.admit(hello(.worker, on: "b")) == .worker(rank: 1, startsStore: false))
        #expect(!rendezvous.isComplete)
        #expect(rendezvous.admit(hello(.store, on: "a")) == .store(rank: 1))
        #expect(rendezvous.isComplete)
    }

    @Test func aLostWorkersPlaceIsTakenByOneOnItsHostFirst() {
        var rendezvous = rendezvous(.everyHost(coordinator: "a"))
        func hello(_ role: WireHello.Role, on host: String) -> WireHello {
            worker { ($0.role, $0.hostIdentity) = (role, host) }
        }
        for host in ["a", "b"] {
            _ = rendezvous.admit(hello(.worker, on: host))
            _ = rendezvous.admit(hello(.store, on: host))
        }
        #expect(rendezvous.isComplete)
        rendezvous.resolveStores()
        #expect(rendezvous.admit(hello(.worker, on: "c")) == .spare)
        rendezvous.vacate(worker: 0)
        rendezvous.vacate(worker: 1)
        #expect(rendezvous.workersMissing == 2)
        #expect(rendezvous.admit(hello(.worker, on: "b")) == .worker(rank: 1, startsStore: false))
        // Parameters stay where they are: no new host gets a store.
        #expect(rendezvous.admit(hello(.worker, on: "c")) == .worker(rank: 0, startsStore: false))
        #expect(rendezvous.isComplete)
    }

    @Test func whoTakesAPlaceComputesAsTheFirstDidThoughItIsGone() {
        var rendezvous = rendezvous()
        _ = rendezvous.admit(worker())
        rendezvous.vacate(worker: 0)
        guard case .refused = rendezvous.admit(worker { $0.cpuModel = "other" }) else { return #expect(Bool(false), "admitted") }
        #expect(rendezvous.admit(worker()) == .worker(rank: 0, startsStore: false))
    }
}
