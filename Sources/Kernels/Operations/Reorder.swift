import COneDNN
public import Tensors

/// Copies a tensor from one layout into another.
public enum Reorder {
    /// Plans a copy of all of `source` into `destination`, which has the same shape.
    public static func call(
        from source: Operand, to destination: Operand, scratch: ScratchMemory, engine: Engine
    ) throws -> KernelCall {
        var handle: dnnl_primitive_desc_t?
        var (from, to) = (source.layout.descriptor, destination.layout.descriptor)
        let attributes = Attributes()
        try check(
            dnnl_reorder_primitive_desc_create(&handle, &from, engine.engine, &to, engine.engine, attributes.handle),
            "reorder \(source.layout) to \(destination.layout)")
        return try KernelCall(
            PrimitiveDescriptor(owning: handle!),
            [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, destination)], scratch: scratch, engine: engine)
    }

    /// Copies a packed row-major tensor into `memory`, once.
    public static func pack(_ canonical: TensorBuffer, into memory: Memory, engine: Engine) throws {
        let source = try Memory(TensorLayout(plain: memory.layout.shape), canonical, engine: engine)
        try call(from: .fixed(source), to: .fixed(memory), scratch: ScratchMemory(engine: engine), engine: engine)
            .run(BufferParity.all[0])
    }

    /// Copies `memory` into a packed row-major tensor, once.
    public static func unpack(_ memory: Memory, into canonical: TensorBuffer, engine: Engine) throws {
        let destination = try Memory(TensorLayout(plain: memory.layout.shape), canonical, engine: engine)
        try call(from: .fixed(memory), to: .fixed(destination), scratch: ScratchMemory(engine: engine), engine: engine)
            .run(BufferParity.all[0])
    }

    /// Plans a copy of a part of one tensor into a part of another with the same extents.
    public static func call(
        part: Region, of source: Memory, to destinationPart: Region, of destination: Memory, scratch: ScratchMemory,
        engine: Engine
    ) throws -> KernelCall {
        let from = try source.viewed(as: source.layout.part(part), engine: engine)
        let to = try destination.viewed(as: destination.layout.part(destinationPart), engine: engine)
        return try call(from: .fixed(from), to: .fixed(to), scratch: scratch, engine: engine)
    }
}
