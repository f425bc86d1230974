import NeuralNetwork
import Partition
import Protocol
import Security
import Tensors
import Transport

/// Puts the blocks that stores send for a checkpoint into whole tensors.
final class CheckpointAssembler: @unchecked Sendable {
    let step: Int
    private let tensors: [ParameterTensor]
    private let blocks: [ParameterBlock.Key: ParameterBlock]
    private let model: [TensorBuffer]
    private let momentum: [TensorBuffer]
    private var landing: [ParameterBlock.Key: TensorBuffer] = [:]
    /// A store may send a part twice, where a checkpoint of the same step was begun before and lost on its way.
    private var missing: Set<BlockPart>

    init(step: Int, network: NetworkSpecification) throws {
        self.step = step
        tensors = try network.parameterTensors()
        let blocks = try network.parameterBlocks()
        self.blocks = Dictionary(uniqueKeysWithValues: blocks.map { ($0.key, $0) })
        model = try tensors.map { try TensorBuffer.allocate(floats: $0.shape.count) }
        momentum = try tensors.map { try TensorBuffer.allocate(floats: $0.shape.count) }
        missing = Set(blocks.flatMap { [BlockPart($0.key, isMomentum: false), BlockPart($0.key, isMomentum: true)] })
    }

    var isComplete: Bool { missing.isEmpty }

    /// Memory for a block that is about to arrive.
    func destination(for header: FrameHeader) throws -> UnsafeMutableRawBufferPointer {
        let key = ParameterBlock.Key(header.blockKey)
        guard let block = blocks[key] else { throw WireError(.malformed, "a snapshot of an unknown tensor") }
        let buffer = try TensorBuffer.allocate(floats: block.shape.count)
        landing[key] = buffer
        return UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(4 * block.shape.count)])
    }

    /// Copies a block that has arrived to its place.
    func received(_ header: FrameHeader) throws {
        let key = ParameterBlock.Key(header.blockKey)
        guard let block = blocks[key], let index = tensors.firstIndex(of: block.tensor) else {
            throw WireError(.malformed, "a snapshot of an unknown tensor")
        }
        // It was meant for a checkpoint of the same step that was given up.
        guard let packed = landing.removeValue(forKey: key) else { return }
        let whole = (header.isMomentum ? momentum : model)[index]
        block.region.forEachRun(in: block.tensor.shape) { offset, start, length in
            (whole.address + 4 * start).copyMemory(from: packed.address + 4 * offset, byteCount: 4 * length)
        }
        missing.remove(BlockPart(header))
    }

    /// Writes the checkpoint; may be called from a thread of its own.
    /// - Parameter confirm: is called before the checkpoint is put in place, and throws if that may not be done any more.
    func write(to path: String, state: Checkpoint.State, mean: [Float], confirm: () throws -> Void) throws {
        func list(_ buffers: [TensorBuffer]) -> [SafetensorsTensor] {
            zip(tensors, buffers).map { tensor, buffer in
                SafetensorsTensor(
                    name: tensor.name, shape: tensor.shape,
                    bytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(4 * tensor.shape.count)]))
            }
        }
        try Checkpoint.write(
            to: path, state: state, model: list(model), momentum: list(momentum), mean: mean, confirm: confirm)
    }
}
