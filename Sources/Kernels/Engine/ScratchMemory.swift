import COneDNN
import Tensors

/// Memory that kernels use while they run and leave behind: one area for all, since they run one after another.
public final class ScratchMemory {
    private let engine: Engine
    private var areas: [TensorBuffer]
    /// What lies in each area.
    private var memories: [[Memory]]

    public init(engine: Engine) {
        self.engine = engine
        areas = Area.allCases.map { _ in TensorBuffer(byteCount: 64) }
        memories = Area.allCases.map { _ in [] }
    }

    /// A kernel's own scratchpad, and arguments in the layout that it wants where that differs from outside.
    enum Area: Int, CaseIterable { case scratchpad, source, destination, weights, sum }

    /// A memory in the shared area, which grows to the largest layout asked for. Kernels are planned before any runs.
    func memory(_ layout: TensorLayout, in area: Area) throws -> Memory {
        if areas[area.rawValue].bytes.count < layout.byteCount {
            let larger = try TensorBuffer.allocate(byteCount: layout.byteCount)
            for memory in memories[area.rawValue] { try memory.move(to: larger) }
            areas[area.rawValue] = larger
        }
        let memory = try Memory(layout, areas[area.rawValue], engine: engine)
        memories[area.rawValue].append(memory)
        return memory
    }
}
