import NeuralNetwork
import Partition
import TestSupport
import Testing

/// Who owns the memory of a slab until when: workers run their programs as far ahead as they can, and connections deliver as late as they can.
@Suite struct SlabLifetimeTests {
    /// The layers that read all columns. The last one does in every network.
    enum Exchange: CaseIterable { case last, earlier }

    private func network(_ exchange: Exchange, columns: Int) -> NetworkSpecification {
        let convolution = LayerOperation.convolution(.init(kernels: 4, size: 1))
        return NetworkSpecification(
            input: .init(channels: 1, height: 2, width: 2), columns: columns,
            layers: [
                LayerSpecification("conv1", convolution),
                exchange == .earlier
                    ? LayerSpecification("conv2", convolution, reads: .all) : LayerSpecification("conv2", convolution),
                LayerSpecification("fc", .innerProduct(.init(outputs: 4)), reads: .all),
            ])
    }

    private func problems(
        _ exchange: Exchange, columns: Int, workers: Int, seeds: Range<Int>, buffers: @escaping (WorkerProgram, Slab) -> Int
    ) throws -> Set<String> {
        let programs = try ProgramCompiler(network: network(exchange, columns: columns), workers: workers, batch: 2).programs()
        var problems: Set<String> = []
        for seed in seeds {
            var random = SeededGenerator(seed: UInt64(seed))
            // Slices of steps, and validations between them.
            let passes = (0..<8).map { _ in Bool.random(using: &random) }
            var slow = SlowExchange(programs, trains: passes, buffers: buffers)
            slow.run(using: &random)
            problems.formUnion(slow.problems)
        }
        return problems
    }

    @Test(arguments: Exchange.allCases, [(2, 2), (4, 2), (4, 3), (4, 4)])
    func noSlabIsOverwrittenWhileItIsQueued(exchange: Exchange, layout: (columns: Int, workers: Int)) throws {
        let found = try problems(exchange, columns: layout.columns, workers: layout.workers, seeds: 0..<60) { $0.sendBuffers(of: $1) }
        #expect(found == [])
    }

    /// What one buffer would do: where no layer but the last reads all columns, a validation's next pass writes its own part of the logits before
    /// it needs anything of the others, and those of the pass before may still be queued.
    @Test(arguments: [(Exchange.last, true), (.earlier, false)])
    func oneBufferForLogitsIsTooFew(exchange: Exchange, isOverwritten: Bool) throws {
        let found = try problems(exchange, columns: 2, workers: 2, seeds: 0..<60) { _, _ in 1 }
        #expect(found.contains { $0.contains("overwritten") } == isOverwritten, "\(found)")
    }
}

/// Workers that exchange slabs over connections in memory.
private struct SlowExchange {
    private struct Frame {
        let slab: Slab
        let pass: Int
    }

    private struct Link: Hashable {
        let from: Int
        let to: Int
    }

    private struct Worker {
        let program: WorkerProgram
        var pass = 0
        var instruction = 0
        /// The newest pass of each slab that has arrived.
        var arrived: [Slab: Int] = [:]
    }

    private var workers: [Worker]
    private var queues: [Link: [Frame]] = [:]
    private let trains: [Bool]
    private let buffers: (WorkerProgram, Slab) -> Int
    private(set) var problems: Set<String> = []

    init(_ programs: [WorkerProgram], trains: [Bool], buffers: @escaping (WorkerProgram, Slab) -> Int) {
        (workers, self.trains, self.buffers) = (programs.map { Worker(program: $0) }, trains, buffers)
    }

    /// Everybody works until all wait; then one frame arrives.
    mutating func run(using random: inout SeededGenerator) {
        while true {
            for index in workers.indices { while act(index) {} }
            guard workers.contains(where: { $0.pass < trains.count }) else { return }
            let busy = queues.filter { !$0.value.isEmpty }.keys.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
            guard let link = busy.randomElement(using: &random) else {
                problems.insert("everybody waits for ever")
                return
            }
            deliver(link)
        }
    }

    /// Does a worker's next instruction.
    /// - Returns: False where it waits, or has done all passes.
    private mutating func act(_ index: Int) -> Bool {
        let worker = workers[index]
        guard worker.pass < trains.count else { return false }
        let instructions = trains[worker.pass] ? worker.program.instructions : worker.program.forward
        guard worker.instruction < instructions.count else {
            (workers[index].pass, workers[index].instruction) = (worker.pass + 1, 0)
            return true
        }
        switch instructions[worker.instruction] {
        case .pull, .push: break
        case .send(let slab, let other): queues[Link(from: index, to: other), default: []].append(Frame(slab: slab, pass: worker.pass))
        case .receive(let slab, _): guard worker.arrived[slab] == worker.pass else { return false }
        case .compute(let computation): for slab in written(computation) { write(slab, by: index) }
        }
        workers[index].instruction += 1
        return true
    }

    /// The slabs whose memory a computation writes.
    private func written(_ computation: Computation) -> [Slab] {
        switch computation.kind {
        case .output, .stages: [Slab(layer: computation.layer, direction: .forward, from: computation.column, to: computation.column)]
        case .inputGradient(let source) where source != computation.column:
            [Slab(layer: computation.layer - 1, direction: .backward, from: computation.column, to: source)]
        default: []
        }
    }

    private mutating func write(_ slab: Slab, by index: Int) {
        let (pass, count) = (workers[index].pass, buffers(workers[index].program, slab))
        for (link, queue) in queues where link.from == index {
            for frame in queue where frame.slab == slab && frame.pass % count == pass % count {
                problems.insert("\(slab) of worker \(index) is overwritten while it is queued")
            }
        }
    }

    private mutating func deliver(_ link: Link) {
        guard let frame = queues[link]?.removeFirst() else { return }
        let receiver = workers[link.to]
        // Two buffers take turns at the receiver: a peer may be one pass ahead.
        if !(receiver.pass...receiver.pass + 1).contains(frame.pass) {
            problems.insert("\(frame.slab) arrives \(frame.pass - receiver.pass) passes ahead")
        }
        workers[link.to].arrived[frame.slab] = frame.pass
    }
}
