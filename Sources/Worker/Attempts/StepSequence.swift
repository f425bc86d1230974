package import Protocol

/// The order of a worker's work in one attempt: steps as they are granted, each followed by its validation where one is due.
package struct StepSequence: Sendable {
    package enum Work: Sendable, Equatable {
        case train(WireGrant)
        /// Validate after a step.
        case validate(Int)
    }

    /// The next step to train.
    package private(set) var step: Int
    private let base: Int
    private var hasBegun = false
    private var validation: Int?

    /// - Parameter base: The step whose values the attempt starts from.
    package init(after base: Int) { (self.base, step) = (base, base + 1) }

    /// The step that the worker is at: of the work under way, or of the grant that it waits for.
    package var awaitedStep: Int { validation ?? step }

    /// Takes the next piece of work out of the grants.
    /// - Returns: Nil while there is none.
    package mutating func next(_ attempt: inout Attempt) -> Work? {
        if let step = validation {
            validation = nil
            return .validate(step)
        }
        // Everybody is ready when the first grant is there. A grant of the base step asks for its validation.
        if !hasBegun, attempt.grants.removeValue(forKey: base) != nil {
            hasBegun = true
            return .validate(base)
        }
        guard let grant = attempt.grants.removeValue(forKey: step) else { return nil }
        hasBegun = true
        if grant.validate { validation = step }
        step += 1
        return .train(grant)
    }
}
