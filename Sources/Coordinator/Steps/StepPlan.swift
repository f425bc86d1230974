import Network

/// Which steps there are, and what happens after each.
struct StepPlan: Equatable {
    let recipe: Recipe
    let imagesPerEpoch: Int
    /// The step that the run starts from; 0 for a new one.
    let base: Int
    /// The last step.
    let last: Int

    var stepsPerEpoch: Int { max(1, imagesPerEpoch / recipe.batch) }

    /// Passes over the training set that were complete before the step's first image.
    func epoch(_ step: Int) -> Int { max(0, step - 1) * recipe.batch / imagesPerEpoch }

    func rate(_ step: Int) -> Float { recipe.schedule.rate(base: recipe.optimizer.learningRate, step: step) }

    func validates(after step: Int) -> Bool {
        let every = recipe.validation.every ?? stepsPerEpoch
        return every > 0 && (step % every == 0 || step == last)
    }

    func checkpoints(after step: Int) -> Bool {
        let every = recipe.checkpoint.every ?? stepsPerEpoch
        return step == last || every > 0 && step % every == 0
    }
}
