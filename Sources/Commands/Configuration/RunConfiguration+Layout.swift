import NeuralNetwork
import Partition

extension RunConfiguration {
    /// Finds the layout that options ask for. Where the settings say nothing of slices there are as many as replicas.
    mutating func settleLayout(workers: Int?, replicas: Int?) throws -> ColumnLayout {
        let layout = try ColumnLayout.asked(columns: network.columns, workers: workers, replicas: replicas)
        if recipe.slices == 1 { recipe.slices = layout.replicas }
        try check()
        _ = try GradientTree(slices: recipe.slices, replicas: layout.replicas)
        return layout
    }
}
