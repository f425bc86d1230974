import NeuralNetwork
import Partition
import Platform
import Protocol

extension ProgramRunner {
    /// What was recorded since the stopwatch was set, in words.
    func timeline() -> WireTimeline? {
        guard let stopwatch else { return nil }
        let layers = program.network.layers.map(\.name)
        let severalColumns = program.columns.count > 1
        return WireTimeline(stopwatch) { index in
            // Other programs know this span of timeline.jsonl and `bench step --json` by its name.
            if index == StepLoop.dataSpan { return ("pictures", .dataWait) }
            return program.instruction(at: index).map { $0.described(layers: layers, namesColumns: severalColumns) }
        }
    }
}

extension Instruction {
    /// A span's name and kind.
    func described(layers: [String], namesColumns: Bool) -> (name: String, kind: WireTimeline.Kind) {
        switch self {
        case .pull(let key): return ("\(layers[key.layer]).\(key.kind.rawValue)", .storeWait)
        case .push(let key): return ("\(layers[key.layer]).\(key.kind.rawValue)", .send)
        case .send(let slab, let worker): return ("\(layers[slab.layer]) \(slab.words) to worker \(worker)", .send)
        case .receive(let slab, let worker): return ("\(layers[slab.layer]) \(slab.words) from worker \(worker)", .exchangeWait)
        case .compute(let computation):
            let column = namesColumns ? " (column \(computation.column))" : ""
            return ("\(layers[computation.layer]) \(computation.operation)\(column)", .compute)
        }
    }
}

extension Slab {
    fileprivate var words: String { direction == .forward ? "activations" : "gradient" }
}
