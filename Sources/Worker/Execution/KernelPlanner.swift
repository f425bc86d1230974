import Kernels
import NeuralNetwork
import Partition

/// Plans the kernel calls of a program's instructions on memory that is there.
struct KernelPlanner {
    typealias Action = KernelBackend.Action

    let program: WorkerProgram
    let memory: ActivationMemory
    let operations: WeightedOperations
    let parameters: [ParameterBlock.Key: ParameterMemory]
    let stages: [ColumnLayer: StagePlan]
    /// Additions between buffers of gradients.
    let additions: Set<GradientTree.Addition>
    let loss: LossKernel
    let rounding: SlabRounding
    let scratch: ScratchMemory
    let engine: Engine

    func actions(_ instruction: Instruction) throws -> [Action] {
        switch instruction {
        case .pull, .push, .send: []
        case .receive(let slab, _): rounding.ofReceived(slab)
        case .compute(let computation): try actions(computation)
        }
    }

    private func actions(_ computation: Computation) throws -> [Action] {
        let (layer, column) = (computation.layer, computation.column)
        switch computation.kind {
        case .output(let source, _, let last): return try output(layer, column, source, isLast: last)
        case .stages: return stagePlan(layer, column).forward + rounding.ofResult(layer, column, after: .stages)
        case .stagesGradient: return stagePlan(layer, column).backward
        case .loss:
            // Every hosted column's loss is the same; it is computed once.
            guard column == program.columns.lowerBound else { return [] }
            return [loss.run]
        case .inputGradient(let source):
            let call = try operations[layer, column, source].inputGradient(
                destination: .fixed(stagePlan(layer, column).outputGradient!), weights: parameter(layer, .weight, column, source).values,
                source: memory.gradient(layer: layer - 1, from: column, to: source))
            return [{ try call.run($0.parity) }] + rounding.ofPartial(layer - 1, from: column, to: source)
        case .sumGradients:
            let own = memory.gradient(layer: layer, from: column, to: column)
            let others = (0..<program.layout.columns).filter { $0 != column }.map { memory.gradient(layer: layer, from: $0, to: column) }
            let call = try Sum.call([own] + others, to: own, scratch: scratch, engine: engine)
            return [{ try call.run($0.parity) }]
        case .parameterGradient(let source): return try parameterGradient(layer, column, source)
        }
    }

    private func output(_ layer: Int, _ column: Int, _ source: Int, isLast: Bool) throws -> [Action] {
        let layerMemory = memory[layer, column]
        let call = try operations[layer, column, source].output(
            source: memory.input(of: layer, column: column, source: source), weights: parameter(layer, .weight, column, source).values,
            biases: source == column ? parameter(layer, .bias, column, column).values : nil,
            destination: layerMemory.accumulator.map { .fixed($0) } ?? layerMemory.outputs)
        let rounded = isLast ? rounding.ofResult(layer, column, after: .output) : []
        guard isLast, let accumulator = layerMemory.accumulator else { return [{ try call.run($0.parity) }] + rounded }
        let narrowing = try Reorder.call(from: .fixed(accumulator), to: .fixed(layerMemory.output), scratch: scratch, engine: engine)
        return [{ try call.run($0.parity) }, { try narrowing.run($0.parity) }] + rounded
    }

    /// Computes a slice's gradients into the buffer that its plan names, and adds up what is complete.
    private func parameterGradient(_ layer: Int, _ column: Int, _ source: Int) throws -> [Action] {
        let weights = parameter(layer, .weight, column, source).gradients
        let biases = source == column ? parameter(layer, .bias, column, column).gradients : nil
        let calls = try weights.indices.map { buffer in
            try operations[layer, column, source].parameterGradient(
                source: memory.input(of: layer, column: column, source: source),
                destination: .fixed(stagePlan(layer, column).outputGradient!), weights: .fixed(weights[buffer]),
                biases: biases.map { .fixed($0[buffer]) })
        }
        let (weightSums, biasSums) = (try sums(weights), try biases.map(sums))
        let rounding = GradientRounding(parameter(layer, .weight, column, source))
        return [
            { context in
                let slice = context.slice
                try calls[slice.buffer].run(context.parity)
                rounding?.computed(slice)
                for addition in slice.additions {
                    try weightSums[addition]?.run(context.parity)
                    try biasSums?[addition]?.run(context.parity)
                    rounding?.added(addition, slice)
                }
            }
        ]
    }

    private func sums(_ buffers: [Memory]) throws -> [GradientTree.Addition: KernelCall] {
        try Dictionary(
            uniqueKeysWithValues: additions.map { addition in
                let (sum, other) = (buffers[addition.to], buffers[addition.from])
                return (addition, try Sum.call([.fixed(sum), .fixed(other)], to: .fixed(sum), scratch: scratch, engine: engine))
            })
    }

    private func stagePlan(_ layer: Int, _ column: Int) -> StagePlan { stages[ColumnLayer(layer, column)]! }

    private func parameter(_ layer: Int, _ kind: ParameterTensor.Kind, _ column: Int, _ source: Int) -> ParameterMemory {
        parameters[.init(layer: layer, kind: kind, column: column, source: source)]!
    }
}
