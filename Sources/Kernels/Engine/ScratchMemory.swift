import COneDNN
import Tensors

/// Memory that kernels use while they run and leave behind: one area for all, since they run one after another.
public final class ScratchMemory {
    private let engine: Engine
    private var areas: [TensorBuffer]

    public init(engine: Engine) {
        self.engine = engine
        areas = Area.allCases.map { _ in TensorBuffer(byteCount: 64) }
    }

    /// A kernel's own scratchpad, and arguments in the layout that it wants where that differs from outside.
    enum Area: Int, CaseIterable { case scratchpad, source, destination, weights }

    /// A memory in the shared area, which grows to the largest layout asked for.
    func memory(_ layout: TensorLayout, in area: Area) throws -> Memory {
        if areas[area.rawValue].bytes.count < layout.byteCount {
            // Memories handed out before keep the smaller area alive and go on using it; kernels are planned once,
            // and the largest user of an area is usually its first.
            areas[area.rawValue] = TensorBuffer(byteCount: layout.byteCount)
        }
        return try Memory(layout, areas[area.rawValue], engine: engine)
    }
}
