import Foundation
import NeuralNetwork
import Partition
import Tensors

extension FuzzTarget {
    /// A run's configuration as JSON: what a worker is welcomed with and a checkpoint keeps.
    static let configuration = FuzzTarget("configuration") { input in
        try ConfigurationUse.use(RunConfiguration(json: Data(input)))
    }
}

/// What everybody does with a configuration who has been given one.
enum ConfigurationUse {
    static func use(_ configuration: RunConfiguration) throws {
        try configuration.check()
        let (network, recipe) = (configuration.network, configuration.recipe)
        try holds(network.parameterCount() > 0)
        let blocks = try network.parameterBlocks()
        try holds(blocks.reduce(0) { $0 + $1.shape.count } == network.parameterCount())
        if blocks.count < 1000 {
            let compiler = try ProgramCompiler(network: network, workers: min(2, network.columns), batch: recipe.sliceBatch)
            holds(compiler.programs().reduce(0) { $0 + $1.blocks.count } == blocks.count)
        }
        _ = recipe.schedule.rate(base: recipe.optimizer.learningRate, step: 7, last: 10, reductions: 2)
        // What is taken can be passed on.
        try holds(RunConfiguration(json: configuration.json()) == configuration)
    }
}
