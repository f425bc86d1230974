public import NeuralNetwork
import Tensors

/// A compiler from a network and a layout to each worker's program.
///
/// The programs overlap exchange with computation. At a layer that reads all columns, a worker sends its columns' slabs as soon as
/// they exist. It then computes the parts that read its own columns, and only then waits for other workers' slabs. In the backward
/// pass it first computes and sends the gradients that other workers wait for, and computes its own parts while it waits.
public struct ProgramCompiler {
    private let network: NetworkSpecification
    private let shapes: [LayerShapes]
    private let layout: ColumnLayout
    private let batch: Int
    private let blocks: [ParameterBlock]

    /// - Parameters:
    ///   - workers: the number of workers in all replicas.
    ///   - batch: images in a pass, which is one slice of a step.
    /// - Throws: `NetworkError` if the network or the layout is invalid.
    public init(network: NetworkSpecification, workers: Int, replicas: Int = 1, batch: Int) throws {
        self.network = network
        self.batch = batch
        shapes = try network.shapes()
        layout = try ColumnLayout(columns: network.columns, workers: workers, replicas: replicas)
        blocks = try network.parameterBlocks()
    }

    /// Returns the programs of all workers, by rank.
    public func programs() -> [WorkerProgram] { (0..<layout.workers).map(program) }

    public func program(worker: Int) -> WorkerProgram {
        let hosted = layout.columns(of: worker)
        var forward: [Instruction] = []
        var backward: [Instruction] = []
        for layer in network.layers.indices { forward += self.forward(layer, worker: worker, hosted: hosted) }
        let last = network.layers.count - 1
        forward += exchange(layer: last, worker: worker, hosted: hosted)
        forward += receive(.forward, layer: last, worker: worker, hosted: hosted)
        forward += hosted.map { .compute(Computation(.loss, layer: last, column: $0)) }
        for layer in network.layers.indices.reversed() {
            backward += self.backward(layer, worker: worker, hosted: hosted)
        }
        return WorkerProgram(
            worker: worker, layout: layout, network: network, shapes: shapes, batch: batch, forward: forward,
            backward: backward, blocks: blocks.filter { hosted.contains($0.key.column) })
    }

    // MARK: Forward

    private func forward(_ layer: Int, worker: Int, hosted: Range<Int>) -> [Instruction] {
        var result: [Instruction] = []
        let readsAll = self.readsAll(layer)
        let others = readsAll ? Array(0..<layout.columns) : []
        if readsAll { result += exchange(layer: layer - 1, worker: worker, hosted: hosted) }
        for column in hosted {
            let isLast = others.allSatisfy { $0 == column }
            result += [
                .pull(key(layer, .weight, column, column)), .pull(key(layer, .bias, column, column)),
                output(layer, column, source: column, first: true, last: isLast),
            ]
        }
        if readsAll { result += receive(.forward, layer: layer - 1, worker: worker, hosted: hosted) }
        for column in hosted {
            let sources = others.filter { $0 != column }
            for source in sources {
                result += [
                    .pull(key(layer, .weight, column, source)),
                    output(layer, column, source: source, first: false, last: source == sources.last),
                ]
            }
        }
        if !network.layers[layer].then.isEmpty {
            result += hosted.map { .compute(Computation(.stages, layer: layer, column: $0)) }
        }
        return result
    }

    /// Sends the hosted columns' results of a layer to every other worker of the replica.
    private func exchange(layer: Int, worker: Int, hosted: Range<Int>) -> [Instruction] {
        hosted.flatMap { column in
            layout.workers(of: layout.replica(of: worker)).filter { $0 != worker }.map { other in
                .send(Slab(layer: layer, direction: .forward, from: column, to: column), to: other)
            }
        }
    }

    private func receive(_ direction: Slab.Direction, layer: Int, worker: Int, hosted: Range<Int>) -> [Instruction] {
        let foreign = (0..<layout.columns).filter { !hosted.contains($0) }
        let replica = layout.replica(of: worker)
        switch direction {
        case .forward:
            return foreign.map {
                .receive(Slab(layer: layer, direction: .forward, from: $0, to: $0), from: layout.worker(of: $0, replica: replica))
            }
        case .backward:
            return hosted.flatMap { column in
                foreign.map {
                    .receive(Slab(layer: layer, direction: .backward, from: $0, to: column), from: layout.worker(of: $0, replica: replica))
                }
            }
        }
    }

    // MARK: Backward

    private func backward(_ layer: Int, worker: Int, hosted: Range<Int>) -> [Instruction] {
        var result: [Instruction] = []
        if !network.layers[layer].then.isEmpty {
            result += hosted.map { .compute(Computation(.stagesGradient, layer: layer, column: $0)) }
        }
        guard readsAll(layer) else {
            for column in hosted {
                if layer > 0 { result.append(inputGradient(layer, column, source: column)) }
                result += parameterGradient(layer, column, source: column)
            }
            return result
        }
        let foreign = (0..<layout.columns).filter { !hosted.contains($0) }
        for column in hosted {
            for source in foreign {
                result += [
                    inputGradient(layer, column, source: source),
                    .send(
                        Slab(layer: layer - 1, direction: .backward, from: column, to: source),
                        to: layout.worker(of: source, replica: layout.replica(of: worker))),
                ]
            }
        }
        for column in hosted { result += hosted.map { inputGradient(layer, column, source: $0) } }
        for column in hosted {
            for source in [column] + (0..<layout.columns).filter({ $0 != column }) {
                result += parameterGradient(layer, column, source: source)
            }
        }
        result += receive(.backward, layer: layer - 1, worker: worker, hosted: hosted)
        if layout.columns > 1 {
            result += hosted.map { .compute(Computation(.sumGradients, layer: layer - 1, column: $0)) }
        }
        return result
    }

    private func parameterGradient(_ layer: Int, _ column: Int, source: Int) -> [Instruction] {
        var result: [Instruction] = [
            .compute(
                Computation(
                    .parameterGradient(source: source), layer: layer, column: column,
                    flops: flops(layer, column, source))),
            .push(key(layer, .weight, column, source)),
        ]
        if source == column { result.append(.push(key(layer, .bias, column, column))) }
        return result
    }

    private func inputGradient(_ layer: Int, _ column: Int, source: Int) -> Instruction {
        .compute(
            Computation(.inputGradient(source: source), layer: layer, column: column, flops: flops(layer, column, source)))
    }

    private func output(_ layer: Int, _ column: Int, source: Int, first: Bool, last: Bool) -> Instruction {
        .compute(
            Computation(
                .output(source: source, first: first, last: last), layer: layer, column: column,
                flops: flops(layer, column, source)))
    }

    // MARK: Properties of layers

    /// Returns whether a layer reads the outputs of all columns. The first layer does not: it reads the images, which every worker has.
    private func readsAll(_ layer: Int) -> Bool { layer > 0 && network.layers[layer].reads == .all }

    private func key(_ layer: Int, _ kind: ParameterTensor.Kind, _ column: Int, _ source: Int) -> ParameterBlock.Key {
        .init(layer: layer, kind: kind, column: column, source: source)
    }

    private func flops(_ layer: Int, _ column: Int, _ source: Int) -> Double {
        let block = blocks.first { $0.key == key(layer, .weight, column, source) }!
        var positions = shapes[layer].output.extents.dropFirst().reduce(1, *)
        // A locally connected layer uses each weight at one position only.
        if case .locallyConnected = network.layers[layer].operation { positions = 1 }
        return 2 * Double(batch) * Double(block.shape.count) * Double(positions)
    }
}
