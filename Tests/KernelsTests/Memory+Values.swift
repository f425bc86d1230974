import Kernels
import Tensors

extension Memory {
    /// Allocates memory for a layout and fills it with the values of a tensor in row-major order.
    convenience init(_ values: [Float], _ layout: TensorLayout, engine: Engine) throws {
        try self.init(layout, engine: engine)
        try fill(values, engine: engine)
    }

    func fill(_ values: [Float], engine: Engine) throws {
        let packed = TensorBuffer(floats: values.count)
        _ = packed.floats.update(fromContentsOf: values)
        try Reorder.pack(packed, into: self, engine: engine)
    }

    /// Returns the values of the tensor in row-major order.
    func values(engine: Engine) throws -> [Float] {
        let packed = TensorBuffer(floats: layout.shape.count)
        try Reorder.unpack(self, into: packed, engine: engine)
        return Array(packed.floats[..<layout.shape.count])
    }
}

/// Returns values with a normal distribution. Each purpose has its own.
func normals(_ count: Int, seed: UInt64, purpose: UInt64) -> [Float] {
    let draws = RandomDraws(seed: seed)
    return (0..<count).map { RandomDraws.normals(draws.words(.initialValue, purpose, UInt64($0))).0 }
}
