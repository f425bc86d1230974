import Coordinator
import NeuralNetwork
import Testing

/// When checkpoints are due by time, and what follows one that could not be written.
@Suite struct CheckpointProgressTests {
    @Test func aCheckpointIsDueAfterItsInterval() {
        var progress = CheckpointProgress(bytes: 1 << 30, interval: 600)
        #expect(!progress.isDue(at: 10_000))
        progress.start(at: 100)
        progress.start(at: 500)
        #expect(!progress.isDue(at: 699) && progress.isDue(at: 700))
        // One by steps counts as well.
        progress.begin(1, at: 650)
        #expect(!progress.isDue(at: 700) && !progress.isDue(at: 1249) && progress.isDue(at: 1250))
        progress.arrived(1)
        progress.written(1)
        #expect(progress.isIdle && progress.isDue(at: 1250))

        var off = CheckpointProgress(bytes: 1 << 30)
        off.start(at: 0)
        #expect(!off.isDue(at: 1e9))
    }

    @Test func theSettingSaysTheInterval() {
        var rule = CheckpointRule()
        #expect(rule.seconds == 600)
        rule.every = 500
        #expect(rule.seconds == 600)
        rule.every = 0
        #expect(rule.seconds == nil)
        rule.minutes = 0.5
        #expect(rule.seconds == 30)
        (rule.every, rule.minutes) = (nil, 0)
        #expect(rule.seconds == nil)
    }

    @Test func asManyAsFitIntoMemoryAreUnderWay() {
        var progress = CheckpointProgress(bytes: 1 << 30)
        progress.begin(1, at: 0)
        // One at a time is copied by the stores.
        #expect(progress.isPostponed(at: 1000))
        progress.arrived(1)
        #expect(!progress.isPostponed(at: 0))
        progress.begin(2, at: 0)
        progress.arrived(2)
        #expect(progress.isPostponed(at: 1000) && progress.hasArrived)
        progress.written(1)
        #expect(!progress.isPostponed(at: 0) && !progress.isIdle)
    }

    /// A store is gone before it has sent everything: what is being written stays.
    @Test func checkpointsThatDoNotArriveAreForgotten() {
        var progress = CheckpointProgress(bytes: 1 << 30)
        progress.begin(1, at: 0)
        progress.arrived(1)
        progress.begin(2, at: 0)
        let dropped = [progress.dropArriving(), progress.dropArriving()]
        #expect(dropped == [[2], []])
        #expect(progress.hasArrived && !progress.isIdle && !progress.isPostponed(at: 0))
        // A late answer is none.
        progress.arrived(2)
        progress.written(1)
        #expect(progress.isIdle)
    }

    @Test func afterAFailureAnotherIsTakenOnceTheDelayIsOver() {
        var progress = CheckpointProgress(bytes: 1 << 30, interval: 1e9)
        progress.begin(5, at: 0)
        progress.arrived(5)
        let isTriedAgain = progress.failed(5, isLast: false, at: 10)
        #expect(isTriedAgain)
        let due = 10 + CheckpointProgress.retryDelay
        #expect(progress.isPostponed(at: due - 1) && !progress.isDue(at: due - 1))
        #expect(!progress.isPostponed(at: due) && progress.isDue(at: due) && progress.isIdle)
        progress.begin(9, at: due)
        // One at a time is copied.
        #expect(progress.isPostponed(at: due))
        progress.arrived(9)
        #expect(!progress.isPostponed(at: due) && !progress.isDue(at: due))
    }

    @Test func theLastStepIsTriedAgainUntilItsTimeIsOver() {
        var progress = CheckpointProgress(bytes: 1 << 30)
        var (now, tries) = (100.0, 0)
        while true {
            progress.begin(9, at: now)
            progress.arrived(9)
            tries += 1
            #expect(!progress.isIdle)
            guard progress.failed(9, isLast: true, at: now) else { break }
            // The run does not end before.
            #expect(!progress.isIdle && !progress.retriesLastStep(at: now))
            now += CheckpointProgress.lastStepDelay
            #expect(progress.retriesLastStep(at: now) && !progress.retriesLastStep(at: now))
        }
        #expect(now == 100 + CheckpointProgress.lastStepPatience && tries > 5 && progress.isIdle)
    }

    @Test func aFailureIsToldOnceAMinute() {
        var progress = CheckpointProgress(bytes: 1 << 30)
        #expect(progress.tells(at: 0) && !progress.tells(at: 59) && progress.tells(at: 60) && !progress.tells(at: 61))
        // The next failure after a success is told at once.
        progress.written(3)
        let isTold = progress.tells(at: 62)
        #expect(isTold)
    }
}
