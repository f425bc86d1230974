import COneDNN
public import Tensors

/// A tensor's shape, element type and arrangement in memory: oneDNN's memory descriptor.
public struct TensorLayout: @unchecked Sendable, Equatable, CustomStringConvertible {
    var descriptor: dnnl_memory_desc_t

    init(_ descriptor: dnnl_memory_desc_t) { self.descriptor = descriptor }

    /// Creates a row-major layout: NCHW, OIHW or N×C.
    public init(plain shape: Shape, _ type: ElementType = .float32) throws {
        let tags: [dnnl_format_tag_t] = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd]
        guard (1...4).contains(shape.rank) else { throw KernelError("a tensor's rank must be from 1 to 4, not \(shape.rank)") }
        try self.init(shape, type, tag: tags[shape.rank - 1])
    }

    /// Creates the layout in which this processor's kernels are fastest for activations: blocks of channels for N×C×H×W, row-major
    /// for N×C.
    public init(activations shape: Shape, _ type: ElementType = .float32) throws {
        if shape.rank == 4 {
            try self.init(shape, type, tag: Engine.channelBlock == 16 ? dnnl_aBcd16b : dnnl_aBcd8b)
        } else {
            try self.init(plain: shape, type)
        }
    }

    /// Creates a dense layout of 32-bit floats whose axes are in the given order in memory, outermost first.
    init(_ shape: Shape, axes: [Int]) throws {
        var strides = [Int64](repeating: 1, count: shape.rank)
        for (outer, inner) in zip(axes, axes.dropFirst()).reversed() {
            strides[outer] = strides[inner] * Int64(shape[inner])
        }
        var descriptor = dnnl_memory_desc_t()
        let dims = shape.extents.map(Int64.init)
        try check(
            dnnl_memory_desc_init_by_strides(&descriptor, Int32(dims.count), dims, dnnl_f32, strides), "lay out \(shape)")
        self.descriptor = descriptor
    }

    /// Creates a channels-last layout: N×H×W×C in memory, for a shape of N×C×H×W.
    init(channelsLast shape: Shape, _ type: ElementType) throws { try self.init(shape, type, tag: dnnl_acdb) }

    /// Creates a placeholder: the kernel chooses the layout.
    init(any shape: Shape, _ type: ElementType) throws { try self.init(shape, type, tag: dnnl_format_tag_any) }

    private init(_ shape: Shape, _ type: ElementType, tag: dnnl_format_tag_t) throws {
        var descriptor = dnnl_memory_desc_t()
        let dims = shape.extents.map(Int64.init)
        try check(
            dnnl_memory_desc_init_by_tag(&descriptor, Int32(dims.count), dims, type.code, tag), "lay out \(shape)")
        self.descriptor = descriptor
    }

    /// Returns the layout of a rectangular part of this tensor, in the same memory.
    func part(_ region: Region) throws -> TensorLayout {
        var parent = descriptor
        var part = dnnl_memory_desc_t()
        try check(
            dnnl_memory_desc_init_submemory(
                &part, &parent, region.extents.extents.map(Int64.init), region.origin.map(Int64.init)),
            "take a part of \(shape)")
        return TensorLayout(part)
    }

    public var shape: Shape {
        Shape(withUnsafeBytes(of: descriptor.dims) { $0.bindMemory(to: Int64.self).prefix(Int(descriptor.ndims)).map(Int.init) })
    }

    public var type: ElementType { descriptor.data_type == dnnl_bf16 ? .bfloat16 : .float32 }

    /// Bytes of memory, including padding.
    public var byteCount: Int { withUnsafePointer(to: descriptor) { dnnl_memory_desc_get_size($0) } }

    /// Returns the same layout with another element type.
    public func of(_ type: ElementType) -> TensorLayout {
        var other = self
        other.descriptor.data_type = type.code
        return other
    }

    /// Returns the layout of the same memory with its padding counted as channels. The padding is zero, and must stay zero.
    func includingPadding() -> TensorLayout {
        var wide = self
        wide.descriptor.dims = descriptor.padded_dims
        return wide
    }

    public static func == (a: TensorLayout, b: TensorLayout) -> Bool {
        withUnsafePointer(to: a.descriptor) { a in withUnsafePointer(to: b.descriptor) { dnnl_memory_desc_equal(a, $0) != 0 } }
    }

    public var description: String {
        guard let blocked = try? blocked(), !blocked.innerBlocks.isEmpty else { return "\(shape)" }
        let blocks = zip(blocked.innerBlocks, blocked.innerAxes).map { "\($0) of axis \($1)" }
        return "\(shape) in blocks of \(blocks.joined(separator: ", "))"
    }
}

extension ElementType {
    var code: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }
}
