import Kernels
import Partition
import Tensors

/// Rounds what columns exchange, where that has fewer bits than what they compute: once, as soon as it is computed, whether another worker
/// reads it or another column of this one, so that every layout reads the same.
struct SlabRounding {
    typealias Action = KernelBackend.Action

    /// What ends the computation of a layer's result.
    enum End { case output, stages }

    private let memory: ActivationMemory
    private let staged: Set<[Int]>

    init(program: WorkerProgram, memory: ActivationMemory) {
        self.memory = memory
        staged = Set(
            program.forward.compactMap { instruction in
                guard case .compute(let computation) = instruction, computation.kind == .stages else { return nil }
                return [computation.layer, computation.column]
            })
    }

    /// Of a hosted column's result, for other columns.
    func ofResult(_ layer: Int, _ column: Int, after end: End) -> [Action] {
        guard end == .stages || !staged.contains([layer, column]) else { return [] }
        let (slab, result) = (Slab(layer: layer, direction: .forward, from: column, to: column), memory[layer, column].result)
        return [memory.narrowed[slab].map { Self.narrow(result, to: $0) }, memory.widened[slab].map { Self.round(result, to: $0) }]
            .compactMap { $0 }
    }

    /// Of the gradient that one column computes for another column's result.
    func ofPartial(_ layer: Int, from: Int, to: Int) -> [Action] {
        let slab = Slab(layer: layer, direction: .backward, from: from, to: to)
        guard from != to, let partial = memory.partial[slab] else { return [] }
        if let narrowed = memory.narrowed[slab] { return [Self.narrow(partial, to: narrowed)] }
        return memory.isRounded(slab) ? [Self.round(partial, to: partial)] : []
    }

    /// Of another worker's, once it is here.
    func ofReceived(_ slab: Slab) -> [Action] {
        guard let wide = memory.widened[slab], let narrow = memory.received[slab] else { return [] }
        let count = wide.layout.byteCount / 4
        return [{ context in BFloat16.widen(narrow[context.pass & 1].buffer.halves, to: wide.buffer.floats.baseAddress!, count: count) }]
    }

    private static func narrow(_ source: Memory, to destination: Memory) -> Action {
        let count = source.layout.byteCount / 4
        return { _ in BFloat16.narrow(source.buffer.floats.baseAddress!, to: destination.buffer.halves, count: count) }
    }

    private static func round(_ source: Memory, to destination: Memory) -> Action {
        let count = source.layout.byteCount / 4
        return { _ in BFloat16.round(source.buffer.floats.baseAddress!, to: destination.buffer.floats.baseAddress!, count: count) }
    }
}

/// Rounds the gradients of a weight block's slices, and each sum of them: any of these may be what a replica hands in.
struct GradientRounding {
    private let gradients: [Memory]
    private let pushed: [Memory]
    private let count: Int

    /// Nil where gradients are handed in as they are computed.
    init?(_ parameter: ParameterMemory) {
        guard let gradient = parameter.gradients.first, let pushed = parameter.pushed.first, gradient.layout != pushed.layout else {
            return nil
        }
        (gradients, self.pushed, count) = (parameter.gradients, parameter.pushed, gradient.layout.byteCount / 4)
    }

    /// A slice's gradient is in its buffer.
    func computed(_ slice: GradientTree.SlicePlan) { round(slice.buffer, completing: slice.additions.isEmpty ? slice.completes : nil) }

    /// An addition of a slice's plan has been made.
    func added(_ addition: GradientTree.Addition, _ slice: GradientTree.SlicePlan) {
        round(addition.to, completing: addition == slice.additions.last ? slice.completes : nil)
    }

    private func round(_ buffer: Int, completing contribution: Int?) {
        let floats = gradients[buffer].buffer.floats.baseAddress!
        guard let contribution else { return BFloat16.round(floats, to: floats, count: count) }
        BFloat16.narrow(floats, to: pushed[contribution].buffer.halves, count: count)
    }
}
