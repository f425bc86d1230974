import Coordinator
import NeuralNetwork
import Testing

@Suite struct StepLedgerTests {
    private func plan(last: Int, validation: Int? = 0, checkpoint: Int? = 0) -> StepPlan {
        var recipe = Recipe()
        recipe.batch = 10
        recipe.validation.every = validation
        recipe.checkpoint.every = checkpoint
        recipe.schedule.drops = [3]
        return StepPlan(recipe: recipe, imagesPerEpoch: 100, base: 0, last: last)
    }

    @Test func twoStepsAreUnderWayAndEveryoneHasToReport() {
        var ledger = StepLedger(plan: plan(last: 5), workers: 2, stores: 1)
        #expect(
            ledger.advance() == [
                .grant(step: 1, rate: 0.01, validate: false), .grant(step: 2, rate: 0.01, validate: false),
            ])
        #expect(ledger.report(worker: 0, step: 1).isEmpty)
        #expect(ledger.stored(store: 0, step: 1).isEmpty)
        #expect(ledger.report(worker: 0, step: 1).isEmpty)
        #expect(
            ledger.report(worker: 1, step: 1) == [
                .commit(step: 1, snapshot: false), .grant(step: 3, rate: 0.01, validate: false),
            ])
    }

    @Test func theLastStepIsSnapshotAndEndsTheRun() {
        var ledger = StepLedger(plan: plan(last: 1), workers: 1, stores: 1)
        _ = ledger.advance()
        _ = ledger.stored(store: 0, step: 1)
        #expect(ledger.report(worker: 0, step: 1) == [.commit(step: 1, snapshot: true)])
        #expect(ledger.isDone)
    }

    @Test func aStopTrainsWhatIsGrantedAndNoMore() {
        var ledger = StepLedger(plan: plan(last: 100), workers: 1, stores: 1)
        _ = ledger.advance()
        #expect(ledger.stop().isEmpty)
        #expect(ledger.last == 2)
        for step in 1...2 {
            _ = ledger.stored(store: 0, step: step)
            let actions = ledger.report(worker: 0, step: step)
            #expect(actions == [.commit(step: step, snapshot: step == 2)])
        }
        #expect(ledger.isDone)
    }

    /// Stores copy one checkpoint at a time. One that is due meanwhile is that of the first step committed afterwards, and the last is always taken.
    @Test func aCheckpointThatIsDueWhileThereIsNoRoomIsTakenLater() {
        var ledger = StepLedger(plan: plan(last: 7, checkpoint: 2), workers: 1, stores: 1)
        _ = ledger.advance()
        func snapshots(_ step: Int) -> [Int] {
            _ = ledger.stored(store: 0, step: step)
            return ledger.report(worker: 0, step: step).compactMap { if case .commit(let step, true) = $0 { step } else { nil } }
        }
        #expect(snapshots(1) == [])
        #expect(snapshots(2) == [2])
        #expect(!ledger.hasRoomForSnapshot, "until somebody says that the checkpoint is on its way to the disk")
        #expect(snapshots(3) == [] && snapshots(4) == [] && ledger.wantsSnapshot)
        ledger.hasRoomForSnapshot = true
        #expect(snapshots(5) == [5] && !ledger.wantsSnapshot)
        #expect(snapshots(6) == [])
        #expect(snapshots(7) == [7])
    }

    @Test func oneCheckpointIsCopiedAtATimeAndFewWaitForTheDisk() {
        // Of half a gigabyte, as alexnet's: two wait for the disk.
        var progress = CheckpointProgress(bytes: 1 << 29)
        #expect(progress.hasRoom)
        progress.begin(1, at: 0)
        #expect(!progress.hasRoom)
        progress.arrived(1)
        #expect(progress.hasRoom)
        progress.begin(2, at: 0)
        progress.arrived(2)
        #expect(!progress.hasRoom && progress.hasArrived)
        progress.written(1)
        #expect(progress.hasRoom)
        var small = CheckpointProgress(bytes: 1000)
        for step in 1...16 {
            #expect(small.hasRoom)
            small.begin(step, at: 0)
            small.arrived(step)
        }
        #expect(!small.hasRoom)
    }

    /// What was granted when the run was asked to stop is not waited for when a worker is lost.
    @Test func aLossAfterAStopEndsWithWhatIsCommitted() {
        var ledger = StepLedger(plan: plan(last: 100), workers: 1, stores: 1)
        _ = ledger.advance()
        _ = ledger.stored(store: 0, step: 1)
        _ = ledger.report(worker: 0, step: 1)
        #expect(ledger.stop().isEmpty && !ledger.isDone)
        ledger.abort()
        #expect(ledger.stop() == [.snapshot(step: 1)])
        #expect(ledger.isDone)
    }

    /// While the disk takes none, checkpoints wait, but not the last.
    @Test func aPostponedCheckpointIsTakenAfterTheFirstStepThatAllowsIt() {
        var ledger = StepLedger(plan: plan(last: 6, checkpoint: 2), workers: 1, stores: 1)
        _ = ledger.advance()
        func snapshots(_ step: Int) -> [Int] {
            (ledger.stored(store: 0, step: step) + ledger.report(worker: 0, step: step)).compactMap {
                if case .commit(let step, snapshot: true) = $0 { step } else { nil }
            }
        }
        ledger.hasRoomForSnapshot = false
        #expect(snapshots(1) == [] && snapshots(2) == [])
        ledger.hasRoomForSnapshot = true
        #expect(snapshots(3) == [3])
        ledger.hasRoomForSnapshot = true
        #expect(snapshots(4) == [4] && snapshots(5) == [] && snapshots(6) == [6])
        // It is there, so that it is not taken twice, unless the disk did not take it.
        #expect(ledger.finalSnapshot() == [])
        ledger.snapshotFailed(5)
        #expect(ledger.finalSnapshot() == [])
        ledger.snapshotFailed(6)
        #expect(ledger.finalSnapshot() == [.snapshot(step: 6)] && ledger.finalSnapshot() == [])
    }

    @Test func reportsThatNobodyAskedForChangeNothing() {
        var ledger = StepLedger(plan: plan(last: 5), workers: 1, stores: 1)
        _ = ledger.advance()
        #expect(ledger.report(worker: 0, step: 3).isEmpty)
        #expect(ledger.stored(store: 0, step: 0).isEmpty)
        #expect(ledger.committed == 0)
    }

    @Test func scheduleValidationAndCheckpointsFollowTheirIntervals() {
        let plan = plan(last: 25, validation: 4, checkpoint: nil)
        #expect((1...25).filter(plan.validates) == [4, 8, 12, 16, 20, 24, 25])
        #expect((1...25).filter(plan.checkpoints) == [10, 20, 25])
        #expect(plan.rate(3, reductions: 0) == 0.01 && plan.rate(4, reductions: 0) == 0.01 * 0.1)
        #expect(plan.epoch(10) == 0 && plan.epoch(11) == 1)
    }

    @Test func aRateThatDependsOnAValidationWaitsForIt() {
        var recipe = Recipe()
        (recipe.schedule.kind, recipe.schedule.patience, recipe.schedule.reductions) = (.plateau, 1, 1)
        recipe.validation.every = 1
        let plan = StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: 0, last: 9)
        var ledger = StepLedger(plan: plan, workers: 1, stores: 1)
        func train(_ step: Int) -> [StepLedger.Action] {
            _ = ledger.stored(store: 0, step: step)
            return ledger.report(worker: 0, step: step)
        }
        #expect(ledger.advance() == [.grant(step: 1, rate: 0.01, validate: true)])
        #expect(train(1).count == 1)
        #expect(ledger.validated(step: 1, error: 0.5) == [.validated(step: 1), .grant(step: 2, rate: 0.01, validate: true)])
        _ = train(2)
        #expect(
            ledger.validated(step: 2, error: 0.5) == [
                .validated(step: 2), .reduced(step: 2, rate: 0.01 * 0.1), .grant(step: 3, rate: 0.01 * 0.1, validate: true),
            ])
        _ = train(3)
        #expect(ledger.validated(step: 3, error: 0.6) == [.validated(step: 3), .plateau(step: 3), .snapshot(step: 3)])
        #expect(ledger.isDone)

        // A continued run knows what its first part saw.
        let rest = StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: 2, last: 9)
        var continued = StepLedger(plan: rest, workers: 1, stores: 1, errors: [0.5, 0.5])
        #expect(continued.advance() == [.grant(step: 3, rate: 0.01 * 0.1, validate: true)])

        // Lost between the checkpoint and the validation of its step: that comes first.
        var lacking = StepLedger(plan: rest, workers: 1, stores: 1, errors: [0.5], isBaseValidated: false)
        #expect(lacking.begin() == [.validate(step: 2)])
        #expect(
            lacking.validated(step: 2, error: 0.5) == [
                .validated(step: 2), .reduced(step: 2, rate: 0.01 * 0.1), .grant(step: 3, rate: 0.01 * 0.1, validate: true),
            ])
    }

    @Test func aLossTakesBackWhatIsNotCommitted() {
        var ledger = StepLedger(plan: plan(last: 5), workers: 2, stores: 1)
        _ = ledger.advance()
        for worker in 0..<2 { _ = ledger.report(worker: worker, step: 1) }
        _ = ledger.stored(store: 0, step: 1)
        _ = ledger.report(worker: 0, step: 2)
        #expect(ledger.missingWorkers == [1] && ledger.missingStores == [0])
        ledger.abort()
        #expect(ledger.committed == 1 && ledger.granted == 1)
        #expect(
            ledger.advance() == [.grant(step: 2, rate: 0.01, validate: false), .grant(step: 3, rate: 0.01, validate: false)])
        // What worker 0 said of the attempt before does not count.
        _ = ledger.stored(store: 0, step: 2)
        #expect(ledger.report(worker: 1, step: 2).isEmpty)
        #expect(ledger.report(worker: 0, step: 2).contains(.commit(step: 2, snapshot: false)))
    }

    @Test func aLossKeepsARateWaitingForItsValidation() {
        var recipe = Recipe()
        recipe.schedule.kind = .plateau
        recipe.validation.every = 1
        let plan = StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: 0, last: 9)
        var ledger = StepLedger(plan: plan, workers: 1, stores: 1)
        _ = ledger.advance()
        // Lost before the step is committed: it is granted again.
        ledger.abort()
        #expect(ledger.advance() == [.grant(step: 1, rate: 0.01, validate: true)])
        _ = ledger.stored(store: 0, step: 1)
        _ = ledger.report(worker: 0, step: 1)
        // Lost after the commit and before the validation: nothing is granted until it is there.
        ledger.abort()
        #expect(ledger.begin() == [.validate(step: 1)])
        #expect(ledger.validated(step: 1, error: 0.5) == [.validated(step: 1), .grant(step: 2, rate: 0.01, validate: true)])
    }

    /// A validation that is complete before its step is committed counts with it, so that a failure takes back both.
    @Test func aValidationCountsWithItsStep() {
        var recipe = Recipe()
        (recipe.schedule.kind, recipe.schedule.patience, recipe.schedule.reductions) = (.plateau, 1, 1)
        recipe.validation.every = 1
        let plan = StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: 0, last: 9)
        var ledger = StepLedger(plan: plan, workers: 1, stores: 1, errors: [0.5])
        _ = ledger.begin()
        _ = ledger.report(worker: 0, step: 1)
        #expect(ledger.validated(step: 1, error: 0.6).isEmpty)
        #expect(ledger.validated(step: 1, error: 0.6).isEmpty)
        ledger.abort()
        #expect(ledger.begin() == [.grant(step: 1, rate: 0.01, validate: true)])
        _ = ledger.report(worker: 0, step: 1)
        _ = ledger.validated(step: 1, error: 0.6)
        let actions = ledger.stored(store: 0, step: 1)
        #expect(Array(actions.prefix(3)) == [.commit(step: 1, snapshot: false), .validated(step: 1), .reduced(step: 1, rate: 0.01 * 0.1)])
        #expect(!ledger.awaitsValidation(of: 1))
    }

    /// No later step is committed before a validation counts.
    @Test func aCommitWaitsForTheValidationBeforeIt() {
        var ledger = StepLedger(plan: plan(last: 9, validation: 1), workers: 1, stores: 1)
        _ = ledger.begin()
        for step in 1...2 {
            _ = ledger.report(worker: 0, step: step)
            _ = ledger.stored(store: 0, step: step)
        }
        #expect(ledger.committed == 1 && ledger.validationDue == 1)
        #expect(ledger.validated(step: 1, error: nil).starts(with: [.validated(step: 1), .commit(step: 2, snapshot: false)]))
    }
}
