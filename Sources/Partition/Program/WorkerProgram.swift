public import NeuralNetwork
public import Tensors

/// Everything that one worker does in a step, as plain data: it can be printed, tested and drawn without running.
public struct WorkerProgram: Sendable, Equatable {
    public let worker: Int
    public let layout: ColumnLayout
    public let network: NetworkSpecification
    public let shapes: [LayerShapes]
    /// Images of a pass: of one slice of a step.
    public let batch: Int
    public let forward: [Instruction]
    public let backward: [Instruction]
    /// The parameters of the worker's columns, in the order of their keys.
    public let blocks: [ParameterBlock]

    public var columns: Range<Int> { layout.columns(of: worker) }
    public var replica: Int { layout.replica(of: worker) }

    /// N×C×H×W, or N×outputs, of one column's share of a layer's result.
    public func resultShape(layer: Int, column: Int) -> Shape {
        columnShape(shapes[layer].result, column: column)
    }

    /// A whole-network shape cut to one column's channels, with the minibatch before it.
    public func columnShape(_ whole: Shape, column: Int) -> Shape {
        let channels = ColumnSplit.range(of: whole[0], column: column, columns: layout.columns)
        return Shape([batch, channels.count] + whole.extents.dropFirst())
    }

    /// Whether a layer's output is a sum of what several columns contribute.
    public func sumsParts(layer: Int) -> Bool { layer > 0 && network.layers[layer].reads == .all && layout.columns > 1 }

    /// The shape of a slab: the result of its layer, of the column whose output it is or is a gradient of.
    public func shape(of slab: Slab) -> Shape {
        resultShape(layer: slab.layer, column: slab.direction == .forward ? slab.from : slab.to)
    }

    public var instructions: [Instruction] { forward + backward }

    /// Multiplications and additions of a training pass.
    public var flops: Double {
        instructions.reduce(0) { if case .compute(let computation) = $1 { $0 + computation.flops } else { $0 } }
    }

    /// Multiplications and additions before the worker first waits for another.
    public var flopsBeforeWaiting: Double {
        var sum = 0.0
        for instruction in instructions {
            if case .receive = instruction { break }
            if case .compute(let computation) = instruction { sum += computation.flops }
        }
        return sum
    }

    /// Where the program sends a slab to a worker: an instruction's place, forward before backward.
    public func place(ofSending slab: Slab, to worker: Int) -> Int? { instructions.firstIndex(of: .send(slab, to: worker)) }

    /// What a slab's elements are: the logits keep 32 bits for the softmax.
    public func elements(of slab: Slab, _ type: ElementType) -> ElementType {
        slab.direction == .forward && slab.layer == network.layers.count - 1 ? .float32 : type
    }

    /// Bytes of a slab on the wire, without its header.
    public func bytes(_ slab: Slab, _ type: ElementType) -> Int { shape(of: slab).count * elements(of: slab, type).byteCount }

    /// Bytes of activations and their gradients that the worker sends in a training pass.
    public func bytesSent(_ type: ElementType) -> Int {
        instructions.reduce(0) { if case .send(let slab, _) = $1 { $0 + bytes(slab, type) } else { $0 } }
    }

    public func bytesReceived(_ type: ElementType) -> Int {
        instructions.reduce(0) { if case .receive(let slab, _) = $1 { $0 + bytes(slab, type) } else { $0 } }
    }
}
