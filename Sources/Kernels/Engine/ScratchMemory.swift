import COneDNN
import Tensors

/// Temporary memory of kernels. They run one after another, so all of them share it.
public final class ScratchMemory {
    private let engine: Engine
    private var areas: [TensorBuffer]
    /// The memories that use each area.
    private var memories: [[Memory]]

    public init(engine: Engine) {
        self.engine = engine
        areas = Area.allCases.map { _ in TensorBuffer(byteCount: 64) }
        memories = Area.allCases.map { _ in [] }
    }

    /// The uses of scratch memory: a kernel's own scratchpad, and arguments that a kernel needs in another layout.
    enum Area: Int, CaseIterable { case scratchpad, source, destination, weights, sum }

    /// Returns a memory in a shared area, which grows to the largest layout requested. All kernels must be planned before any runs.
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
