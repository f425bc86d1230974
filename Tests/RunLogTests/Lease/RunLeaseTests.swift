import RunLog
import Platform
import Testing

/// The rules of `RunLease`, one by one.
@Suite struct RunLeaseTests {
    private let times: RunLease.Times = .init(limit: 10)

    private func sighting(
        _ fencing: Int, _ owner: String, counter: Int = 1, isReleased: Bool = false, hasOwnerEnded: Bool = false
    ) -> LeaseSighting {
        var record = LeaseRecord(
            fencing: fencing, owner: owner, host: "far", process: .init(boot: "", namespace: "", number: 7, start: 0), lock: nil)
        (record.counter, record.isReleased) = (counter, isReleased)
        return LeaseSighting(fencing: fencing, record: record, hasOwnerEnded: hasOwnerEnded)
    }

    /// Returns a lease that is held since the time 0.
    private func held() -> RunLease {
        var lease = RunLease(owner: "me", times: times)
        _ = lease.saw(nil, from: 0, to: 0)
        _ = lease.wrote()
        _ = lease.saw(sighting(1, "me", counter: 0), from: 0, to: 0)
        _ = lease.wrote()
        #expect(lease.saw(sighting(1, "me"), from: 0, to: 0) == .acquired(fencing: 1, .first))
        return lease
    }

    @Test func aRunWithoutALeaseIsClaimedAboveTheNumberOfItsRecord() {
        var lease = RunLease(owner: "me", floor: 6, times: times)
        #expect(lease.start == .look)
        #expect(lease.saw(nil, from: 0, to: 0) == .claim(fencing: 7))
        #expect(lease.wrote() == .look)
        #expect(lease.saw(sighting(7, "me", counter: 0), from: 0, to: 0) == .renew(fencing: 7, counter: 1))
        #expect(!lease.isConfirmed(at: 0) && lease.fencing == nil)
        #expect(lease.wrote() == .look)
        #expect(lease.saw(sighting(7, "me"), from: 1, to: 2) == .acquired(fencing: 7, .first))
        #expect(lease.fencing == 7)
    }

    @Test func theOtherOfTwoClaimsIsRefused() {
        var lease = RunLease(owner: "me", times: times)
        _ = lease.saw(nil, from: 0, to: 0)
        _ = lease.wrote()
        #expect(lease.saw(sighting(1, "you", counter: 0), from: 0, to: 0) == .refused(sighting(1, "you", counter: 0)))
    }

    @Test func aReleasedLeaseAndOneOfAnEndedProcessAreTakenAtOnce() {
        for found in [sighting(3, "you", isReleased: true), sighting(3, "you", hasOwnerEnded: true)] {
            var lease = RunLease(owner: "me", times: times)
            #expect(lease.saw(found, from: 0, to: 0) == .claim(fencing: 4))
            _ = lease.wrote()
            #expect(lease.saw(sighting(4, "me", counter: 0), from: 0, to: 0) == .renew(fencing: 4, counter: 1))
        }
    }

    /// One that ended while it waited for a stopped owner before it does not shorten the wait.
    @Test func anOwnerThatEndedBeforeItActedIsSucceededLikeOneThatStandsStill() {
        var lease = RunLease(owner: "me", times: times)
        #expect(lease.saw(sighting(3, "you", counter: 0, hasOwnerEnded: true), from: 0, to: 0) == .claim(fencing: 4))
        _ = lease.wrote()
        #expect(lease.saw(sighting(4, "me", counter: 0), from: 0, to: 0) == .pause(5))
    }

    @Test func aCounterThatMovesIsALivingOwner() {
        var lease = RunLease(owner: "me", times: times)
        #expect(lease.saw(sighting(1, "you", counter: 5), from: 0, to: 0) == .pause(0.5))
        #expect(lease.woke() == .look)
        #expect(lease.saw(sighting(1, "you", counter: 6), from: 0.5, to: 0.5) == .refused(sighting(1, "you", counter: 6)))
    }

    @Test func aCounterThatStandsStillForTheLimitIsTakenOverAfterAnotherWait() {
        var lease = RunLease(owner: "me", times: times)
        let still = sighting(1, "you", counter: 5)
        // From the end of the first look to the beginning of the last one.
        _ = lease.saw(still, from: 0, to: 2)
        for time in stride(from: 3.0, to: 12, by: 1) { #expect(lease.saw(still, from: time, to: time + 0.5) == .pause(0.5)) }
        #expect(lease.saw(still, from: 11.9, to: 13) == .pause(0.5))
        #expect(lease.saw(still, from: 13, to: 13) == .claim(fencing: 2))
        _ = lease.wrote()
        #expect(lease.saw(sighting(2, "me", counter: 0), from: 14, to: 14) == .pause(5))
        // Woken too early.
        _ = lease.woke()
        #expect(lease.saw(sighting(2, "me", counter: 0), from: 17, to: 17) == .pause(2))
        #expect(lease.saw(sighting(2, "me", counter: 0), from: 19, to: 19) == .renew(fencing: 2, counter: 1))
        _ = lease.wrote()
        #expect(lease.saw(sighting(2, "me"), from: 20, to: 20) == .acquired(fencing: 2, .stoodStill))
    }

    @Test func aFileThatCannotBeReadIsNoSignOfLife() {
        var lease = RunLease(owner: "me", times: times)
        let damaged = LeaseSighting(fencing: 1, record: nil, hasOwnerEnded: false)
        #expect(lease.saw(damaged, from: 0, to: 0) == .pause(0.5))
        // Readable now: the time counts from here.
        for time in stride(from: 2.0, to: 12, by: 1) {
            #expect(lease.saw(sighting(1, "you"), from: time, to: time) == .pause(0.5))
        }
        #expect(lease.saw(sighting(1, "you"), from: 12, to: 12) == .claim(fencing: 2))
        lease = RunLease(owner: "me", times: times)
        _ = lease.saw(damaged, from: 0, to: 0)
        #expect(lease.saw(sighting(2, "you"), from: 1, to: 1) == .refused(sighting(2, "you")), "a number that is new")
    }

    @Test func timeInWhichTheObserverWasStoppedDoesNotCount() {
        var lease = RunLease(owner: "me", times: times)
        let still = sighting(1, "you", counter: 5)
        _ = lease.saw(still, from: 0, to: 0)
        #expect(lease.saw(still, from: 60, to: 60) == .pause(0.5))
        for time in stride(from: 61.0, to: 70, by: 1) { #expect(lease.saw(still, from: time, to: time) == .pause(0.5)) }
        #expect(lease.saw(still, from: 70, to: 70) == .claim(fencing: 2))
    }

    @Test func theOwnerLooksBeforeAndAfterEachRenewal() {
        var lease = held()
        #expect(lease.woke() == .look)
        #expect(lease.saw(sighting(1, "me", counter: 1), from: 4, to: 4) == .renew(fencing: 1, counter: 2))
        #expect(!lease.isConfirmed(at: 4.1), "only the look after the renewal counts")
        #expect(lease.wrote() == .look)
        #expect(lease.saw(sighting(1, "me", counter: 2), from: 6, to: 9) == .pause(1))
        #expect(lease.isConfirmed(at: 9.9) && !lease.isConfirmed(at: 10.1), "from the beginning of the look")
    }

    @Test func aRenewalThatFailsIsTriedAgain() {
        var lease = held()
        _ = lease.woke()
        #expect(lease.failed() == .pause(1))
        #expect(lease.isConfirmed(at: 3.9) && !lease.isConfirmed(at: 4.1) && lease.fencing == 1)
        #expect(lease.woke() == .look)
        // Somebody has removed the files.
        #expect(lease.saw(nil, from: 9, to: 9) == .renew(fencing: 1, counter: 2))
    }

    @Test func aHigherNumberEndsTheOwnersPart() {
        var lease = held()
        _ = lease.woke()
        #expect(lease.saw(sighting(3, "you"), from: 1, to: 1) == .superseded(sighting(3, "you")))
        #expect(!lease.isConfirmed(at: 1) && lease.fencing == nil)
    }

    @Test func aDamagedFileOfItsOwnIsWrittenAgain() {
        var lease = held()
        _ = lease.woke()
        let damaged = LeaseSighting(fencing: 1, record: nil, hasOwnerEnded: false)
        #expect(lease.saw(damaged, from: 1, to: 1) == .renew(fencing: 1, counter: 2))
    }
}
