import NeuralNetwork
import Testing

@Suite struct ScheduleTests {
    private func plateau(patience: Int, threshold: Double = 0) -> Plateau {
        var schedule = Schedule()
        (schedule.kind, schedule.patience, schedule.threshold) = (.plateau, patience, threshold)
        return Plateau(schedule)
    }

    @Test func anErrorThatKeepsFallingReducesNothing() {
        var plateau = plateau(patience: 2)
        for step in 0..<50 { #expect(plateau.observe(1 / Double(step + 1)) == .keep) }
        #expect(plateau.reductions == 0)
    }

    @Test func threePlateausReduceAndTheFourthEnds() {
        var plateau = plateau(patience: 2)
        let verdicts = [0.9, 0.8, 0.8, 0.81, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.75].map { plateau.observe($0) }
        #expect(
            verdicts == [.keep, .keep, .keep, .reduce, .keep, .keep, .reduce, .keep, .reduce, .keep, .stop])
        #expect(plateau.reductions == 3)
    }

    @Test func aDecreaseBelowTheThresholdIsNoImprovement() {
        var plateau = plateau(patience: 2, threshold: 0.01)
        #expect([0.5, 0.495, 0.492].map { plateau.observe($0) } == [.keep, .keep, .reduce])
    }

    @Test func ratesFollowTheirKind() {
        var schedule = Schedule()
        #expect(schedule.rate(base: 0.1, step: 1000, last: 1000, reductions: 0) == 0.1)
        schedule.drops = [10, 20]
        let rates = [10, 11, 21].map { schedule.rate(base: 1, step: $0, last: 30, reductions: 2) }
        #expect(rates == [1, 0.1, 0.1 * 0.1])
        schedule.kind = .plateau
        #expect(abs(schedule.rate(base: 1, step: 5, last: 30, reductions: 2) - 0.01) < 1e-8)
        (schedule.kind, schedule.power) = (.polynomial, 2)
        #expect(schedule.rate(base: 2, step: 1, last: 4, reductions: 0) == 2)
        #expect(schedule.rate(base: 2, step: 3, last: 4, reductions: 0) == 0.5)
    }

    @Test func aPlateauNeedsValidations() {
        var recipe = Recipe()
        recipe.schedule.kind = .plateau
        recipe.validation.every = 0
        #expect(throws: NetworkError.self) { try recipe.check() }
    }
}
