import NeuralNetwork
import Partition
import RunLog
import Wire

/// Adds up the squares that stores have summed block by block into norms of whole tensors.
struct StepNorms {
    private let names: [ParameterBlock.Key: String]
    private let order: [String]

    init(_ network: NetworkSpecification) throws {
        order = try network.parameterTensors().map(\.name)
        names = Dictionary(try network.parameterBlocks().map { ($0.key, $0.tensor.name) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil where a norm is no number: JSON has none for it, and the next loss says so.
    func line(step: Int, _ digests: [WireStepStored.BlockDigest]) -> NormsMetrics? {
        var (weights, updates): ([String: Double], [String: Double]) = ([:], [:])
        for entry in digests {
            guard let name = names[ParameterBlock.Key(entry.key)] else { continue }
            weights[name, default: 0] += entry.valueSquares
            updates[name, default: 0] += entry.updateSquares
        }
        guard (Array(weights.values) + Array(updates.values)).allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
        return NormsMetrics(
            step: step, tensors: order, weight: order.map { (weights[$0] ?? 0).squareRoot() },
            update: order.map { (updates[$0] ?? 0).squareRoot() })
    }
}
