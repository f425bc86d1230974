import Platform
package import Protocol
import Security
import Transport
import Foundation
package import NeuralNetwork
package import Partition

/// A store's part in a run: its rank, the configuration, and the layout of the workers that it serves.
package struct StoreAssignment: Sendable {
    package let run: UInt64
    package let rank: Int
    /// Seconds without a pulse after which the coordinator counts as failed.
    package let patience: Double
    package let configuration: RunConfiguration
    package let layout: ColumnLayout
    package let tree: GradientTree
    /// The blocks of the whole network, in the order of their keys.
    package let network: [ParameterBlock]

    /// - Throws: Where the configuration or the layout is invalid.
    package init(_ welcome: WireWelcome) throws {
        (run, rank, patience) = (welcome.run, Int(welcome.rank), welcome.patience)
        configuration = try RunConfiguration(json: welcome.configuration)
        layout = try ColumnLayout(
            columns: configuration.network.columns, workers: Int(welcome.workers), replicas: Int(welcome.replicas))
        tree = try GradientTree(slices: configuration.recipe.slices, replicas: Int(welcome.replicas))
        network = try configuration.network.parameterBlocks()
    }
}
