package import NeuralNetwork

/// Which steps there are, and what happens after each.
package struct StepPlan: Equatable, Sendable {
    package let recipe: Recipe
    package let imagesPerEpoch: Int
    /// The step that the run starts from; 0 for a new one.
    package let base: Int
    /// The last step.
    package let last: Int

    package init(recipe: Recipe, imagesPerEpoch: Int, base: Int, last: Int) {
        (self.recipe, self.imagesPerEpoch, self.base, self.last) = (recipe, imagesPerEpoch, base, last)
    }

    package var stepsPerEpoch: Int { max(1, imagesPerEpoch / recipe.batch) }

    /// Passes over the training set that were complete before the step's first image.
    package func epoch(_ step: Int) -> Int {
        // A worker's report may name any step.
        let (images, overflow) = max(0, step - 1).multipliedReportingOverflow(by: recipe.batch)
        return (overflow ? Int.max : images) / imagesPerEpoch
    }

    /// - Parameter reductions: how often the validation error has stopped improving.
    package func rate(_ step: Int, reductions: Int) -> Float {
        recipe.schedule.rate(base: recipe.optimizer.learningRate, step: step, last: last, reductions: reductions)
    }

    package func validates(after step: Int) -> Bool {
        let every = recipe.validation.every ?? stepsPerEpoch
        return every > 0 && (step % every == 0 || step == last)
    }

    package func checkpoints(after step: Int) -> Bool {
        let every = recipe.checkpoint.every ?? stepsPerEpoch
        return step == last || every > 0 && step % every == 0
    }
}
