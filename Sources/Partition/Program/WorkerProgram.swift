public import NeuralNetwork
public import Tensors

/// The program of one worker for a pass, as plain data: it can be printed, tested and simulated without kernels.
public struct WorkerProgram: Sendable, Equatable {
    public let worker: Int
    public let layout: ColumnLayout
    public let network: NetworkSpecification
    public let shapes: [LayerShapes]
    /// Images in a pass, which is one slice of a step.
    public let batch: Int
    public let forward: [Instruction]
    public let backward: [Instruction]
    /// The parameters of the worker's columns, in the order of their keys.
    public let blocks: [ParameterBlock]

    public var columns: Range<Int> { layout.columns(of: worker) }
    public var replica: Int { layout.replica(of: worker) }

    /// Returns the shape of one column's share of a layer's result: N×C×H×W or N×O.
    public func resultShape(layer: Int, column: Int) -> Shape {
        columnShape(shapes[layer].result, column: column)
    }

    /// Returns the shape of one column's share of an activation, with the pass's images as first axis.
    /// - Parameter whole: the shape over all columns: C×H×W or O.
    public func columnShape(_ whole: Shape, column: Int) -> Shape {
        let channels = ColumnSplit.range(of: whole[0], column: column, columns: layout.columns)
        return Shape([batch, channels.count] + whole.extents.dropFirst())
    }

    /// Returns whether a layer's output is a sum over several columns.
    public func sumsParts(layer: Int) -> Bool { layer > 0 && network.layers[layer].reads == .all && layout.columns > 1 }

    /// Returns the shape of a slab, which is that of its layer's result for the column that it belongs to.
    public func shape(of slab: Slab) -> Shape {
        resultShape(layer: slab.layer, column: slab.direction == .forward ? slab.from : slab.to)
    }

    public var instructions: [Instruction] { forward + backward }

    /// Returns the instruction at an index of `instructions`; nil beyond them.
    public func instruction(at index: Int) -> Instruction? {
        if forward.indices.contains(index) { return forward[index] }
        let index = index - forward.count
        return backward.indices.contains(index) ? backward[index] : nil
    }

    /// Multiplications and additions of matrix products in a training pass.
    public var flops: Double {
        instructions.reduce(0) { if case .compute(let computation) = $1 { $0 + computation.flops } else { $0 } }
    }

    /// Multiplications and additions of matrix products before the worker first waits for another.
    public var flopsBeforeWaiting: Double {
        var sum = 0.0
        for instruction in instructions {
            if case .receive = instruction { break }
            if case .compute(let computation) = instruction { sum += computation.flops }
        }
        return sum
    }

    /// Returns the index in `instructions` of the one that sends a slab to a worker.
    public func instructionIndex(ofSending slab: Slab, to worker: Int) -> Int? { instructions.firstIndex(of: .send(slab, to: worker)) }

    /// Returns the element type of a slab: `type`, except that logits keep 32 bits for the softmax.
    public func elements(of slab: Slab, _ type: ElementType) -> ElementType {
        slab.direction == .forward && slab.layer == network.layers.count - 1 ? .float32 : type
    }

    /// Returns the number of buffers from which a slab is sent in turn, by pass.
    ///
    /// A buffer is free in the pass after, because this worker completes a pass with the others' logits, which they send when all other slabs of
    /// the pass have arrived. The logits themselves are sent last. Where no layer but the last reads all columns, those of a validation may
    /// still be queued for a slow worker when the next pass writes its own part of them: they have two buffers. These are free in the pass after
    /// that, which begins with logits that a worker sends when it has those of the first.
    public func sendBuffers(of slab: Slab) -> Int { slab.direction == .forward && slab.layer == network.layers.count - 1 ? 2 : 1 }

    /// Returns the bytes of a slab on the wire, without the frame's header.
    public func bytes(_ slab: Slab, _ type: ElementType) -> Int { shape(of: slab).count * elements(of: slab, type).byteCount }

    /// Returns the bytes of activations and their gradients that the worker sends in a training pass.
    public func bytesSent(_ type: ElementType) -> Int {
        instructions.reduce(0) { if case .send(let slab, _) = $1 { $0 + bytes(slab, type) } else { $0 } }
    }

    /// Returns the bytes of activations and their gradients that the worker receives in a training pass.
    public func bytesReceived(_ type: ElementType) -> Int {
        instructions.reduce(0) { if case .receive(let slab, _) = $1 { $0 + bytes(slab, type) } else { $0 } }
    }
}
