import Coordinator
import Network
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
        #expect(plan.rate(3) == 0.01 && plan.rate(4) == 0.01 * 0.1)
        #expect(plan.epoch(10) == 0 && plan.epoch(11) == 1)
    }
}
