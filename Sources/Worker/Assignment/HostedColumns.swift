import Datasets
import Kernels
import NeuralNetwork
import Partition
import Platform
import Prediction
import Protocol
import Security

/// The columns that a worker hosts in one layout: their program, kernels, memory and images. They last over attempts, until the worker gets
/// another assignment.
final class HostedColumns: @unchecked Sendable {
    let configuration: RunConfiguration
    let run: UInt64
    let assignment: WorkerAssignment
    let runner: ProgramRunner
    /// Nil where nothing reads images.
    let feed: BatchFeed?
    let activity = WorkerActivity()
    /// How the step's gradient is summed from those of slices, and this worker's part in that.
    let slices: [GradientTree.SlicePlan]
    /// The replica's contributions to the step's gradient.
    let contributions: Range<Int>
    /// The parameter blocks of the whole network.
    let blocks: [ParameterBlock]
    private let engine: Engine
    /// Bindings to each store's memory, by its rank. The loop's thread reads them for values that arrive.
    private let bindings = Monitor<[Int: ParameterBinding]>([:])

    /// - Parameters:
    ///   - dataset: Nil with a simulated device.
    ///   - device: Takes the place of kernels; nil computes.
    init(configuration: RunConfiguration, welcome: WireWelcome, dataset: Dataset?, device: SimulatedDevice?) throws {
        self.configuration = configuration
        (run, assignment) = (welcome.run, WorkerAssignment(welcome))
        guard assignment.rank < assignment.workers else { throw WireError(.malformed, "an assignment beyond the run's workers") }
        engine = try Engine()
        blocks = try configuration.network.parameterBlocks()
        let program = try ProgramCompiler(
            network: configuration.network, workers: assignment.workers, replicas: assignment.replicas,
            batch: configuration.recipe.sliceBatch
        ).program(worker: assignment.rank)
        let tree = try GradientTree(slices: configuration.recipe.slices, replicas: program.layout.replicas)
        (slices, contributions) = (tree.plans(of: program.replica), tree.contributions(of: program.replica))
        feed = try dataset.map {
            try BatchFeed(configuration: configuration, dataset: $0, replica: program.replica, of: program.layout.replicas)
        }
        let backend: any ProgramBackend =
            if let device {
                try ModelledBackend(program: program, recipe: configuration.recipe, device: device, engine: engine)
            } else {
                try KernelBackend(program: program, recipe: configuration.recipe, images: feed?.buffers ?? [], trains: true, engine: engine)
            }
        runner = ProgramRunner(backend)
    }

    var program: WorkerProgram { runner.program }

    func stop() { feed?.stop() }

    func binding(toStore rank: Int) -> ParameterBinding? { bindings.read { $0[rank] } }

    /// Maps the memory that stores have announced for an attempt, and plans the kernels on its addresses, unless that has been done.
    /// - Parameter held: The blocks that each store holds.
    func bind(_ announced: [Int: WireSegment], _ held: [Int: [ParameterBlock]]) throws {
        var known = bindings.read { $0 }
        if known.count != announced.count || announced.contains(where: { known[$0]?.isOf($1) != true }) {
            known = try plan(announced, held)
        }
        // Nobody computes between two attempts.
        for (rank, segment) in announced { try known[rank]?.show(segment, provides: feed != nil) }
        bindings.update { $0 = known }
        // The stores draw or restore values meanwhile.
        if feed != nil { engine.prefault() }
    }

    private func plan(_ announced: [Int: WireSegment], _ held: [Int: [ParameterBlock]]) throws -> [Int: ParameterBinding] {
        let layouts = runner.backend.parameterLayouts
        let new = try Dictionary(
            uniqueKeysWithValues: announced.map { rank, segment in
                guard let blocks = held[rank] else { throw WireError(.malformed, "a store announced memory that was not requested") }
                let keys = Set(blocks.map(\.key))
                let binding = try ParameterBinding(
                    segment, layouts: layouts.filter { keys.contains($0.key) }, contributions: contributions.count,
                    buffers: 1 + slices.reduce(0) { max($0, $1.buffer) }, sharesMirror: runner.backend.sharesMirror, engine: engine)
                return (rank, binding)
            })
        try runner.backend.bind(new.values.reduce(into: [:]) { all, binding in all.merge(binding.parameters) { $1 } }, slices: slices)
        return new
    }
}
