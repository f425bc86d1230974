public import Network
public import Tensors

/// Everything that one worker does in a step, as plain data: it can be printed, tested and drawn without running.
public struct WorkerProgram: Sendable, Equatable {
    public let worker: Int
    public let layout: ColumnLayout
    public let network: NetworkSpecification
    public let shapes: [LayerShapes]
    /// Images of a pass.
    public let batch: Int
    public let forward: [Instruction]
    public let backward: [Instruction]
    /// The parameters of the worker's columns, in the order of their keys.
    public let blocks: [ParameterBlock]

    public var columns: Range<Int> { layout.columns(of: worker) }

    /// N×C×H×W, or N×outputs, of one column's share of a layer's result.
    public func resultShape(layer: Int, column: Int) -> Shape {
        columnShape(shapes[layer].result, column: column)
    }

    /// A whole-network shape cut to one column's channels, with the minibatch before it.
    public func columnShape(_ whole: Shape, column: Int) -> Shape {
        let channels = ColumnSplit.range(of: whole[0], column: column, columns: layout.columns)
        return Shape([batch, channels.count] + whole.extents.dropFirst())
    }

    /// The shape of a slab: the result of its layer, of the column whose output it is or is a gradient of.
    public func shape(of slab: Slab) -> Shape {
        resultShape(layer: slab.layer, column: slab.direction == .forward ? slab.from : slab.to)
    }

    public var instructions: [Instruction] { forward + backward }

    /// Multiplications and additions of a training step.
    public var flops: Double {
        instructions.reduce(0) { if case .compute(let computation) = $1 { $0 + computation.flops } else { $0 } }
    }

    /// Bytes of activations and their gradients that the worker sends in a training step.
    public var bytesSent: Int {
        instructions.reduce(0) { if case .send(let slab, _) = $1 { $0 + shape(of: slab).count * 4 } else { $0 } }
    }

    public var bytesReceived: Int {
        instructions.reduce(0) { if case .receive(let slab, _) = $1 { $0 + shape(of: slab).count * 4 } else { $0 } }
    }
}
