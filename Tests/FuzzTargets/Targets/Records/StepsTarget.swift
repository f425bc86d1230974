import Coordinator
import NeuralNetwork
import ParameterStore
import Partition

extension FuzzTarget {
    /// Reports, gradients and commits in any order and with any numbers: what the coordinator's ledger and a store's
    /// step machine make of them.
    static let steps = FuzzTarget("steps", longest: 1024) { input in
        var input = InputReader(input)
        var recipe = Recipe()
        if input.number(UInt8.self) & 1 != 0 { recipe.schedule.kind = .plateau }
        recipe.validation.every = Int(input.number(UInt8.self) & 7)
        let plan = StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: Int(input.number(UInt8.self)), last: 300)
        var ledger = StepLedger(plan: plan, workers: 2, stores: 1)
        let keys = (0..<2).map { ParameterBlock.Key(layer: $0, kind: .weight, column: 0, source: 0) }
        var machine = ShardStepMachine(keys: Set(keys), contributions: 2, base: plan.base, attempt: 0)
        _ = ledger.advance()
        while !input.isEmpty {
            let event = input.number(UInt8.self)
            // Mostly a step that is near, now and then any that a header can name.
            let step = event & 0x80 != 0 ? Int(clamping: input.number(UInt64.self)) : machine.committed + Int(event >> 5 & 3)
            switch event & 7 {
            case 0, 1: _ = ledger.report(worker: Int(event & 1), step: step)
            case 2: _ = ledger.stored(store: 0, step: step)
            case 3: _ = ledger.validated(step: step, error: Double(input.number(UInt8.self)) / 255)
            case 4: _ = machine.grant(step: step, rate: 0.01)
            case 5:
                let key = input.number(UInt8.self) < 250 ? keys[Int(event >> 4 & 1)] : .init(layer: 9, kind: .bias, column: 0, source: 0)
                for action in try machine.push(.init(of: key, contribution: Int(event >> 3 & 1)), step: step, attempt: 0) {
                    guard case .update(let key, let step, _) = action else { continue }
                    _ = machine.finishedUpdate(key, step: step, attempt: 0)
                }
            case 6: _ = try machine.commit(step: step)
            default:
                _ = plan.epoch(step)
                _ = plan.validates(after: step)
                _ = plan.checkpoints(after: step)
                _ = plan.rate(step, reductions: ledger.reductions)
            }
            holds(ledger.granted - ledger.committed <= StepLedger.window && ledger.committed <= ledger.last)
        }
    }
}
