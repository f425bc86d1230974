import Kernels
import NeuralNetwork
import ParameterStore
import Partition
import Protocol
import SwiftProtobuf
import Tensors

/// A shard of a small network with two replicas, and what its workers register.
struct StoreFixture {
    let engine: Engine
    let network: [ParameterBlock]
    let assignment: StoreAssignment
    private let tree: GradientTree

    init() throws {
        engine = try Engine()
        var recipe = Recipe()
        (recipe.batch, recipe.slices) = (4, 2)
        let configuration = RunConfiguration(
            network: NetworkSpecification(
                input: .init(channels: 1, height: 2, width: 2), columns: 1,
                layers: [
                    LayerSpecification("conv", .convolution(.init(kernels: 2, size: 1))),
                    LayerSpecification("fc", .innerProduct(.init(outputs: 2)), reads: .all),
                ]), recipe: recipe)
        let json = try configuration.json()
        assignment = try StoreAssignment(.with { ($0.run, $0.configuration, $0.workers, $0.replicas) = (1, json, 2, 2) })
        network = try configuration.network.parameterBlocks()
        tree = try GradientTree(slices: 2, replicas: 2)
    }

    private func registration() throws -> WireRegister {
        var message = WireRegister()
        message.blocks = try network.map { block in
            let blocked = try TensorLayout(plain: block.shape).blocked()
            func numbers(_ values: [Int]) -> [UInt64] { values.map { UInt64($0) } }
            let layout = WireRegister.Layout.with {
                ($0.extents, $0.paddedExtents) = (numbers(blocked.extents), numbers(blocked.paddedExtents))
                ($0.strides, $0.innerBlocks, $0.innerAxes) = (
                    numbers(blocked.strides), numbers(blocked.innerBlocks), numbers(blocked.innerAxes)
                )
            }
            return .with { ($0.key, $0.values, $0.gradient) = (block.key.wire, layout, layout) }
        }
        return message
    }

    func register(_ memory: inout ShardMemory, replica: Int, attempt: UInt32, shared: Bool = true) throws -> WorkerMemory {
        try memory.register(
            registration(), attempt: attempt, contributions: tree.contributions(of: replica), shared: shared, engine: engine)
    }
}
