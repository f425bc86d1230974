public import NeuralNetwork
import Partition
import Tensors

/// The values that a run starts from where stores do not draw them by themselves.
public enum StartingValues: Sendable {
    /// Values and momentum of the run that is continued.
    case resumed(Checkpoint)
    /// A trained network's values, for fine-tuning. The last layer is drawn at random where it has another number of
    /// classes, and so do layers that the trained network does not have.
    case trained(Checkpoint)

    public var checkpoint: Checkpoint {
        switch self {
        case .resumed(let checkpoint), .trained(let checkpoint): checkpoint
        }
    }

    /// The names of the network's tensors that are drawn, because the trained network has none for them.
    /// - Throws: `NetworkError` when the trained network's tensors do not go with this network's.
    public func drawn(_ configuration: RunConfiguration) throws -> [String] {
        guard case .trained(let checkpoint) = self else { return [] }
        let last = configuration.network.layers.count - 1
        let tensors = try configuration.network.parameterTensors()
        let names = try tensors.filter { tensor in
            guard let shape = checkpoint.model.shape(tensor.name) else { return true }
            guard shape != tensor.shape else { return false }
            guard tensor.layer == last else {
                throw NetworkError(
                    "\(tensor.name) is \(tensor.shape) in this network and \(shape) in \(checkpoint.path); only the "
                        + "last layer may differ, so choose the network that was trained, or name another checkpoint")
            }
            return true
        }.map(\.name)
        guard names.count < tensors.count else {
            throw NetworkError("\(checkpoint.path) has none of this network's layers; name another checkpoint")
        }
        return names
    }

    /// A block's values or momentum, packed.
    func packed(_ block: ParameterBlock, isMomentum: Bool, recipe: Recipe) throws -> TensorBuffer {
        let packed = try TensorBuffer.allocate(floats: block.shape.count)
        let file: SafetensorsFile
        switch self {
        case .resumed(let checkpoint): file = isMomentum ? checkpoint.momentum : checkpoint.model
        case .trained(let checkpoint):
            if isMomentum { return packed }
            guard checkpoint.model.shape(block.tensor.name) == block.tensor.shape else {
                InitialValues(recipe).fill(
                    UnsafeMutableBufferPointer(rebasing: packed.floats[..<block.shape.count]), tensor: block.tensor,
                    region: block.region, recipe: block.recipe)
                return packed
            }
            file = checkpoint.model
        }
        let whole = try file.floats(block.tensor.name, shape: block.tensor.shape)
        block.region.forEachRun(in: block.tensor.shape) { offset, start, length in
            (packed.address + 4 * offset).copyMemory(from: whole.baseAddress! + 4 * start, byteCount: 4 * length)
        }
        return packed
    }
}
