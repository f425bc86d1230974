import Glibc
import Supervision
import Testing

/// A supervisor's answers to single events.
@Suite struct SupervisorStateTests {
    /// The exit codes of workers and stores in docs/launching.md, and those of no meaning.
    static let codes: [Int32] = [0, 1, 2, 64, 65, 66, 69, 70, 71, 73, 74, 75, 76, 77, 78, 79, 80, 130, 137, 139, 143, 255]
    /// Those after which the same command would fail again in the same way, and those that say how the run ended.
    private static let final: Set<Int32> = [64, 65, 66, 70, 73, 74, 77, 78]
    private static let told: Set<Int32> = [0, 79]

    @Test(arguments: codes) func noExitCodeOfAWorkerEndsACoordinatorThatTrains(code: Int32) {
        for child in [SupervisedRun.first, SupervisedRun.spare] {
            var run = SupervisedRun.training()
            var effects = run.end(child, code, words: "no answer from the coordinator")
            effects += run.pass(60)
            #expect(effects.toCoordinator == [])
            let isStartedAgain = !Self.final.contains(code) && !Self.told.contains(code)
            #expect(effects.started == (isStartedAgain ? [child] : []), "\(code)")
            // The user hears of one that is not started again.
            #expect(effects.said.contains("ended with exit code \(code)") == Self.final.contains(code))
        }
    }

    @Test(arguments: codes) func noExitCodeOfAStoreEndsACoordinatorThatTrains(code: Int32) {
        var run = SupervisedRun.training(stores: ["a"])
        #expect((run.end(SupervisedRun.store, code) + run.pass(60)).toCoordinator == [])
    }

    @Test func aWorkerThatKeepsFailingIsTriedAsLongAsTheRunTrains() {
        var run = SupervisedRun.training()
        var starts = 0
        for _ in 0..<40 {
            let effects = run.end(SupervisedRun.spare, 75) + run.pass(31)
            #expect(effects.toCoordinator == [])
            starts += effects.started.count
            run.handle(.told(.committed(step: 7)))
        }
        #expect(starts == 40)
    }

    @Test func aSpareThatFailsSoonIsTriedLessAndLessOftenThoughStepsAreMade() {
        var run = SupervisedRun.training()
        var starts = 0
        for step in 0..<600 {
            run.handle(.told(.committed(step: step)))
            let effects = run.pass(0.1)
            starts += effects.started.count
            _ = run.end(SupervisedRun.spare, 69)
        }
        #expect((4...8).contains(starts), "\(starts) starts in a minute")
    }

    @Test func aFailureThatWouldRecurEndsARunThatCannotBegin() {
        var run = SupervisedRun()
        // The spare may take the worker's place.
        #expect((run.end(SupervisedRun.first, 65, words: "no data") + run.pass(60)).toCoordinator == [])
        let effects = run.end(SupervisedRun.spare, 77) + run.pass(1)
        #expect(effects.toCoordinator == [SIGTERM])
        _ = run.endCoordinator(0)
        #expect(run.clear().outcome == .failed(code: 65, sentence: "worker 0 ended with exit code 65: no data"))
    }

    @Test func aCoordinatorThatKnowsTheFailureItselfSaysHowItEnds() {
        var run = SupervisedRun()
        _ = run.end(SupervisedRun.first, 65)
        #expect(run.end(SupervisedRun.spare, 65).toCoordinator == [])
        _ = run.endCoordinator(75)
        #expect(run.clear().outcome == .asCoordinator)
    }

    @Test func aWorkerThatNeverJoinsEndsTheRunAfterItsRestarts() {
        var run = SupervisedRun(restarts: 2)
        var effects: [SupervisorEffect] = []
        for rank in [0, 1] {
            for _ in 0..<3 { effects += run.end(ChildName(.worker, rank), 139) + run.pass(5) }
        }
        #expect(effects.started.count == 4 && effects.toCoordinator == [SIGTERM])
        _ = run.endCoordinator(0)
        #expect(run.clear().outcome == .failed(code: 75, sentence: "worker 0 ended 3 times in a row with exit code 139"))
    }

    @Test func aPausedRunEndsOnlyIfNobodyIsLeftWhoCouldJoin() {
        var run = SupervisedRun.training()
        run.handle(.told(.paused))
        var effects = run.end(ChildName(.worker, 0), 74) + run.end(ChildName(.worker, 1), 74) + run.pass(60)
        #expect(effects.toCoordinator == [])
        effects = run.end(ChildName(.worker, 2), 74) + run.pass(1)
        #expect(effects.toCoordinator == [SIGTERM])
    }

    // MARK: The coordinator

    /// Its disk may take nothing until its end.
    @Test func aCoordinatorThatConcludesHasTimeForItsDisk() {
        var run = SupervisedRun()
        #expect((run.end(SupervisedRun.first, 65) + run.end(SupervisedRun.spare, 65) + run.pass(1)).toCoordinator == [SIGTERM])
        #expect(run.pass(50).toCoordinator == [])
        run.handle(.told(.concluding))
        #expect(run.pass(60, isHeard: false).toCoordinator == [])
        #expect(run.pass(10, isHeard: false).toCoordinator == [SIGKILL])
    }

    @Test func aCoordinatorThatSaysNothingIsKilledAndTheRunContinues() {
        var run = SupervisedRun.training()
        #expect(run.pass(9.5, isHeard: false).toCoordinator == [])
        #expect(run.pass(5, isHeard: false).toCoordinator == [SIGKILL])
        var effects = run.endCoordinator(137) + run.clear()
        #expect(effects.last == .askProgress)
        effects = run.handle(.progress(RunProgress(checkpoint: 50, canResume: true)))
        #expect(effects == [.startCoordinator(reason: "the coordinator said nothing for 10 seconds", resumes: true, at: "a:1")])
    }

    /// Then nothing is known of the coordinator, and it may be in order.
    @Test func aHostThatSaysNothingIsNotItsCoordinatorsFault() {
        var run = SupervisedRun.training()
        for second in 1...30 { #expect(run.pass(1, isHeard: false, hostSilence: Double(second)).toCoordinator == []) }
    }

    @Test func aSupervisorThatWasStoppedBlamesNobody() {
        var run = SupervisedRun.training()
        run.now += 3600
        #expect(run.handle(.tick(hostSilence: 0)) == [])
        #expect(run.pass(8, isHeard: false) == [])
    }

    @Test func aCoordinatorIsNotJudgedBeforeItSpeaksRegularlyNorWhenItConcludes() {
        var run = SupervisedRun()
        #expect(run.pass(300, isHeard: false).toCoordinator == [])
        #expect(run.pass(1).toCoordinator == [])
        run.handle(.told(.concluding))
        #expect(run.pass(300, isHeard: false).toCoordinator == [])
    }

    @Test(arguments: [(137, "the coordinator was ended by signal 9"), (69, "store 0 is gone")])
    func aLostCoordinatorIsStartedAgain(code: Int32, reason: String) {
        var run = SupervisedRun.training()
        run.handle(.told(.ended(reason: "store 0 is gone")))
        #expect((run.endCoordinator(code) + run.clear()).last == .askProgress)
        let effects = run.handle(.progress(RunProgress(checkpoint: 5, canResume: true)))
        #expect(effects == [.startCoordinator(reason: reason, resumes: true, at: "a:1")])
    }

    @Test(arguments: [0, 64, 70, 75, 78] as [Int32]) func anEndThatWouldRecurIsFinal(code: Int32) {
        var run = SupervisedRun.training()
        _ = run.endCoordinator(code)
        #expect(run.clear().outcome == .asCoordinator)
    }

    @Test func aRunIsStartedAgainOnlySoOftenWithoutACheckpointBetween() {
        var run = SupervisedRun.training(restarts: 2)
        for loss in 1...3 {
            #expect((run.endCoordinator(139) + run.clear()).last == .askProgress)
            var effects = run.handle(.progress(RunProgress(checkpoint: nil)))
            effects += run.pass(60, isHeard: false)
            if loss < 3 {
                #expect(effects == [.startCoordinator(reason: "the coordinator was ended by signal 11", resumes: false, at: "a:1")])
            } else {
                #expect(effects.outcome == .asCoordinator && effects.said.contains("3 times in a row"))
            }
        }
    }

    /// They keep what is committed, and find the next coordinator where the last one was.
    @Test func theProcessesOfAKilledCoordinatorWaitForItsSuccessor() {
        var run = SupervisedRun.training(stores: ["a"])
        #expect(run.endCoordinator(137) == [.askProgress])
        // One of them ends meanwhile.
        #expect(run.end(SupervisedRun.spare, 69) == [])
        let effects = run.handle(.progress(RunProgress(checkpoint: 5, canResume: true)))
        #expect(effects == [.startCoordinator(reason: "the coordinator was ended by signal 9", resumes: true, at: "a:1")])
        #expect(run.handle(.told(.listening("a:1"))) == [.start(SupervisedRun.spare, coordinator: "a:1")])
    }

    @Test func processesThatCannotFindASuccessorAreKilledAndStartedAgain() {
        var run = SupervisedRun.training()
        _ = run.endCoordinator(137) + run.handle(.progress(RunProgress(checkpoint: 5, canResume: true)))
        let effects = run.handle(.told(.listening("a:2")))
        #expect(effects == (0..<3).map { .signal(ChildName(.worker, $0), SIGKILL) })
        #expect((run.end(SupervisedRun.first, 137) + run.pass(1)).started == [SupervisedRun.first])
    }

    /// A checkpoint may be hours away.
    @Test func aRunThatMakesStepsIsStartedAgainHoweverOften() {
        var run = SupervisedRun.training(restarts: 2)
        for loss in 1...20 {
            run.handle(.told(.committed(step: 10 * loss)))
            #expect((run.endCoordinator(137) + run.clear()).last == .askProgress)
            let effects = run.handle(.progress(RunProgress(checkpoint: 0, canResume: true)))
            #expect(effects == [.startCoordinator(reason: "the coordinator was ended by signal 9", resumes: true, at: "a:1")])
        }
        // A step at which it is lost every time is not passed.
        for loss in 1...3 {
            run.handle(.told(.committed(step: 200)))
            _ = run.endCoordinator(137) + run.clear()
            let effects = run.handle(.progress(RunProgress(checkpoint: 0, canResume: true))) + run.pass(60, isHeard: false)
            #expect((effects.outcome == .asCoordinator) == (loss > 1))
            guard loss == 1 else { break }
        }
    }

    // MARK: The user

    @Test func theFirstInterruptAsksAndTheSecondKills() {
        var run = SupervisedRun.training()
        #expect(run.handle(.interrupt) == [.signalCoordinator(SIGTERM)])
        #expect(run.handle(.interrupt) == [.signalCoordinator(SIGKILL)])
        #expect(run.endCoordinator(137).count == 3)
        #expect(run.clear().outcome == .asCoordinator)
    }

    @Test func anInterruptBetweenTwoAttemptsEndsTheRun() {
        var run = SupervisedRun.training()
        _ = run.endCoordinator(139) + run.clear()
        #expect(run.handle(.interrupt).outcome == .asCoordinator)
        #expect(run.handle(.progress(RunProgress(checkpoint: 5, canResume: true))) == [])
    }

    // MARK: Hosts

    @Test(arguments: [true, false]) func aLostHostsWorkersAreStartedWhenItIsBack(isToldFirst: Bool) {
        var run = SupervisedRun.training()
        let lost = SupervisorEvent.host(.lost(host: "c", reason: "the connection to c broke"))
        if isToldFirst { run.handle(lost) }
        var effects = run.end(SupervisedRun.spare, 255, outOfReach: "the connection to c broke")
        if !isToldFirst { run.handle(lost) }
        effects += run.pass(600)
        #expect(effects.toCoordinator == [] && (isToldFirst ? effects.started == [] : true))
        _ = run.end(SupervisedRun.spare, 255, outOfReach: "the connection to c broke")
        #expect(run.handle(.host(.back(host: "c"))).started == [SupervisedRun.spare])
    }

    @Test func aCoordinatorOutOfReachIsWaitedForLongEnoughToWriteItsCheckpoint() {
        var run = SupervisedRun.training()
        #expect(run.endCoordinator(255, outOfReach: "the connection to a broke") == [])
        #expect(run.pass(60, isHeard: false) == [])
        #expect(run.clear().outcome == .asCoordinator)
    }

    @Test func aProcessThatTheCoordinatorHasGivenUpIsKilled() {
        var run = SupervisedRun.training()
        run.handle(.evicted(SupervisedRun.first))
        #expect(run.pass(1) == [.signal(SupervisedRun.first, SIGKILL)])
        // Its successor is not meant.
        run.handle(.evicted(SupervisedRun.spare))
        #expect((run.end(SupervisedRun.spare, 75) + run.pass(5)).filter { $0 == .signal(SupervisedRun.spare, SIGKILL) } == [])
    }
}
