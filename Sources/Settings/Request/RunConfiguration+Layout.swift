package import NeuralNetwork
package import Partition

extension RunConfiguration {
    /// Returns the layout that the options ask for. A recipe with one slice gets as many slices as there are replicas.
    package mutating func resolveLayout(workers: Int?, replicas: Int?) throws -> ColumnLayout {
        let layout = try ColumnLayout.requested(columns: network.columns, workers: workers, replicas: replicas)
        if recipe.slices == 1 { recipe.slices = layout.replicas }
        try check()
        _ = try GradientTree(slices: recipe.slices, replicas: layout.replicas)
        return layout
    }
}
