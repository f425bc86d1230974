import Coordinator
import Testing

/// A run of the model with faults at given events, told to its end.
struct RunStory {
    var seed = 1
    var workers = 2
    var replicas = 1
    var stores = 1
    var last = 6
    var faults: [Int: [ModelFault]] = [:]

    struct End {
        let outcome: RunOutcome?
        let events: Int
        let model: RunModel
    }

    /// Tells the story.
    /// - Throws: Where a process finds a rule of the protocol broken.
    func tell() throws -> End {
        let model = try RunModel(seed: seed, workers: workers, replicas: replicas, stores: stores, last: last)
        var (events, idle) = (0, 0)
        while model.outcome == nil {
            for fault in faults[events] ?? [] { model.inject(fault) }
            guard model.outcome == nil else { break }
            if try model.advance() {
                (events, idle) = (events + 1, 0)
            } else {
                // Nothing is under way: only time can bring something about.
                model.passTime(1)
                idle += 1
                if faults.keys.contains(where: { $0 > events }), idle > 3 { events += 1 }
            }
            // The run's patience for joining is ten minutes.
            guard idle < 1500, events < 200_000 else { break }
        }
        return End(outcome: model.outcome, events: events, model: model)
    }

    /// Tells the story and checks that the run ends as it should: with every step once and the same parameters as an undisturbed run.
    /// - Parameter mayEnd: Whether an end before the last step is right: after a stop, or a lost store.
    @discardableResult func check(mayEnd: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) -> Int {
        let end: End
        do { end = try tell() } catch {
            Issue.record("\(self): \(error)", sourceLocation: sourceLocation)
            return 0
        }
        let model = end.model
        #expect(model.failure == nil, "\(self)", sourceLocation: sourceLocation)
        switch end.outcome {
        case nil: Issue.record("\(self): the run neither trains nor ends", sourceLocation: sourceLocation)
        case .finished(let step)? where step == last || !mayEnd:
            #expect(step == last, "\(self)", sourceLocation: sourceLocation)
            // A store that is gone after the last checkpoint takes its parameters along.
            let values = Self.reference[last]?.values ?? [:]
            #expect(model.values.allSatisfy { values[$0] == $1 }, "\(self): other parameters", sourceLocation: sourceLocation)
            #expect(model.checkpoints[last] == Self.reference[last]?.values, "\(self): another checkpoint", sourceLocation: sourceLocation)
            #expect(model.saved.contains(last), "\(self): the last checkpoint is not on disk", sourceLocation: sourceLocation)
        case .interrupted(let step)?, .finished(let step)?:
            #expect(mayEnd, "\(self): interrupted at \(step)", sourceLocation: sourceLocation)
            #expect(
                !model.hasBegun || model.checkpoints[step] == Self.reference[step]?.values, "\(self): another checkpoint of \(step)",
                sourceLocation: sourceLocation)
            #expect(!model.hasBegun || model.saved.contains(step), "\(self): \(step) is not on disk", sourceLocation: sourceLocation)
        // The disk has taken no checkpoint of the last step. A successor does not know what the coordinator before it has written.
        case .unsaved(let reason)?:
            #expect(
                mayEnd && (model.successions > 0 || !model.saved.contains(model.steps.count)), "\(self): \(reason)",
                sourceLocation: sourceLocation)
        case .lost(let reason)?:
            #expect(mayEnd, "\(self): \(reason)", sourceLocation: sourceLocation)
            guard model.hasBegun, reason.contains("did not join") else { break }
            // The stores live: everything that is committed is in a checkpoint.
            let step = model.steps.count
            #expect(
                model.checkpoints[step] == Self.reference[step]?.values && model.saved.contains(step), "\(self): no checkpoint of \(step)",
                sourceLocation: sourceLocation)
        // Nobody takes the assignment of a worker that left before the first step.
        case .failed(let reason)? where mayEnd && !model.hasBegun && reason.contains("did not join"): break
        case .failed(let reason)?: Issue.record("\(self): \(reason)", sourceLocation: sourceLocation)
        }
        // Every step has one line, in order, at the rate of the undisturbed run; every validation that is due has one.
        #expect(model.steps == Array(1..<model.steps.count + 1), "\(self)", sourceLocation: sourceLocation)
        if let reference = Self.reference[last] {
            #expect(model.rates == Array(reference.rates.prefix(model.rates.count)), "\(self): other rates", sourceLocation: sourceLocation)
            #expect(
                model.validations.map(\.step) == Array(reference.validations.prefix(model.validations.count)), "\(self): other validations",
                sourceLocation: sourceLocation)
            if case .finished? = end.outcome {
                #expect(model.validations.map(\.step) == reference.validations, "\(self)", sourceLocation: sourceLocation)
            }
        }
        return end.events
    }

    struct Reference {
        let values: [RunModel.Key: UInt64]
        let rates: [Double]
        let validations: [Int]
    }

    /// Undisturbed runs of one worker and one store, by their last step.
    static let reference: [Int: Reference] = {
        let initial = try? ModelNetwork().initialValues
        var all = [0: Reference(values: initial ?? [:], rates: [], validations: [])]
        for step in 1...6 {
            guard let end = try? RunStory(workers: 1, last: step).tell(), case .finished? = end.outcome else { continue }
            all[step] = Reference(
                values: end.model.values, rates: end.model.rates, validations: end.model.validations.map(\.step))
        }
        return all
    }()
}
