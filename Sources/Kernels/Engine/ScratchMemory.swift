import COneDNN
import Tensors

/// Memory that kernels use while they run and leave behind: one area for all, since they run one after another.
public final class ScratchMemory {
    private let engine: Engine
    private var users: [Memory] = []
    private var areas: [TensorBuffer]

    public init(engine: Engine) {
        self.engine = engine
        areas = [TensorBuffer(byteCount: 64), TensorBuffer(byteCount: 64)]
    }

    enum Area: Int { case scratchpad, staging }

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
