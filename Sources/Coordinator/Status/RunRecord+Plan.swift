public import NeuralNetwork
public import Partition
public import RunLog

extension RunRecord.Plan {
    /// Takes the figures from the compiled programs of all workers.
    public init(_ configuration: RunConfiguration, layout: ColumnLayout) throws {
        let programs = try ProgramCompiler(
            network: configuration.network, workers: layout.workers, replicas: layout.replicas,
            batch: configuration.recipe.sliceBatch
        ).programs()
        let passes = configuration.recipe.slices / layout.replicas
        let (layers, type) = (configuration.network.layers.map(\.name), configuration.recipe.exchangedElements)
        var exchange: [Exchange] = []
        for program in programs {
            var slabs: [Int: [Exchange.Slab]] = [:]
            for instruction in program.instructions {
                guard case .send(let slab, let worker) = instruction else { continue }
                slabs[worker, default: []].append(
                    .init(
                        layer: layers[slab.layer], direction: slab.direction == .forward ? "forward" : "backward",
                        bytes: passes * program.bytes(slab, type)))
            }
            exchange += slabs.sorted { $0.key < $1.key }.map { Exchange(from: program.worker, to: $0.key, slabs: $0.value) }
        }
        self.init(layers: layers, columns: programs.map { Array($0.columns) }, exchange: exchange)
    }
}
