import NeuralNetwork
import Partition
import Protocol
import RunLog

/// Norms of whole tensors, from the squares that stores have summed block by block.
enum StepNorms {
    /// - Returns: Nil where a norm is not a number: JSON has no form for it, and the next loss says so.
    static func line(_ network: NetworkSpecification, step: Int, _ digests: [WireStepStored.BlockDigest]) -> NormsMetrics? {
        guard let tensors = try? network.parameterTensors(), let blocks = try? network.parameterBlocks() else { return nil }
        let names = Dictionary(blocks.map { ($0.key, $0.tensor.name) }, uniquingKeysWith: { first, _ in first })
        var (weights, updates): ([String: Double], [String: Double]) = ([:], [:])
        for entry in digests.sorted(by: { $0.key < $1.key }) {
            guard let name = names[ParameterBlock.Key(entry.key)] else { continue }
            weights[name, default: 0] += entry.valueSquares
            updates[name, default: 0] += entry.updateSquares
        }
        guard (Array(weights.values) + Array(updates.values)).allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
        let order = tensors.map(\.name)
        return NormsMetrics(
            step: step, tensors: order, weight: order.map { (weights[$0] ?? 0).squareRoot() },
            update: order.map { (updates[$0] ?? 0).squareRoot() })
    }
}
