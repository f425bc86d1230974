import Kernels
import Partition
import Platform

/// Runs a worker's program, pass by pass, on a backend: kernels, or a modelled accelerator.
final class ProgramRunner {
    let backend: any ProgramBackend
    /// Records what a pass spends its time on, while it is set. Spans count instructions, forward then backward.
    var stopwatch: Stopwatch?

    let program: WorkerProgram

    init(_ backend: any ProgramBackend) { (self.backend, program) = (backend, backend.program) }

    /// Runs a forward pass and, in training, the backward pass.
    func run(_ context: PassContext) throws {
        try run(program.forward, from: 0, context)
        if context.purpose == .training { try run(program.backward, from: program.forward.count, context) }
    }

    private func run(_ instructions: [Instruction], from first: Int, _ context: PassContext) throws {
        let environment = context.environment
        var start = MonotonicClock.now
        for (offset, instruction) in instructions.enumerated() {
            let index = first + offset
            try environment.begin(instruction: index, at: start, context: context)
            switch instruction {
            case .pull(let key): try environment.pull(key, context: context)
            case .push(let key): try environment.push(key, context: context)
            case .send(let slab, let worker):
                try environment.send(slab, to: worker, memory: backend.sentMemory(of: slab, pass: context.pass), context: context)
            case .receive(let slab, let worker):
                try environment.receive(slab, from: worker, context: context)
                try backend.run(index, context)
            case .compute: try backend.run(index, context)
            }
            let end = MonotonicClock.now
            stopwatch?.add(index, from: start, to: end)
            start = end
        }
    }

    /// Runs a training pass without its exchanges and measures each computation, in seconds.
    func profile(_ context: PassContext) throws -> [(computation: Computation, seconds: Double)] {
        var times: [(computation: Computation, seconds: Double)] = []
        for (index, instruction) in program.instructions.enumerated() {
            let start = MonotonicClock.now
            try backend.run(index, context)
            if case .compute(let computation) = instruction { times.append((computation, MonotonicClock.now - start)) }
        }
        return times
    }
}
