import COneDNN
public import Tensors

/// A buffer with a layout: what kernels take as arguments.
public final class Memory: @unchecked Sendable {
    public let layout: TensorLayout
    public private(set) var buffer: TensorBuffer
    let handle: dnnl_memory_t

    public init(_ layout: TensorLayout, _ buffer: TensorBuffer, engine: Engine) throws {
        guard buffer.bytes.count >= layout.byteCount else {
            throw KernelError("a buffer of \(buffer.bytes.count) bytes is too small for \(layout.byteCount)")
        }
        var handle: dnnl_memory_t?
        var descriptor = layout.descriptor
        try check(dnnl_memory_create(&handle, &descriptor, engine.engine, buffer.address), "describe memory")
        (self.layout, self.buffer, self.handle) = (layout, buffer, handle!)
    }

    /// Lies in another buffer from now on; the content stays behind.
    func move(to buffer: TensorBuffer) throws {
        precondition(buffer.bytes.count >= layout.byteCount)
        try check(dnnl_memory_set_data_handle(handle, buffer.address), "move memory")
        self.buffer = buffer
    }

    /// Allocates zeroed memory for a layout.
    public convenience init(_ layout: TensorLayout, engine: Engine) throws {
        let buffer = try TensorBuffer.allocate(byteCount: layout.byteCount)
        try self.init(layout, buffer, engine: engine)
        engine.note(buffer)
    }

    /// The same buffer seen through another layout.
    func viewed(as layout: TensorLayout, engine: Engine) throws -> Memory {
        try Memory(layout, buffer, engine: engine)
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// An argument of a kernel: one memory, or two that take turns.
public enum Operand: Sendable {
    case fixed(Memory)
    /// Weights have two buffers: an update is written beside the values that it is computed from.
    case byWeights(Memory, Memory)
    /// Received slabs have two buffers: a faster worker may be one pass ahead.
    case byPass(Memory, Memory)
    /// The loader prepares a batch in one buffer while the other is trained on.
    case byBatch(Memory, Memory)

    func memory(_ turn: Turn) -> Memory {
        switch self {
        case .fixed(let memory): memory
        case .byWeights(let even, let odd): turn.weights == 0 ? even : odd
        case .byPass(let even, let odd): turn.pass == 0 ? even : odd
        case .byBatch(let even, let odd): turn.batch == 0 ? even : odd
        }
    }

    public var layout: TensorLayout { memory(Turn.all[0]).layout }

    /// The same buffers seen through another layout.
    func viewed(as layout: TensorLayout, engine: Engine) throws -> Operand {
        func view(_ memory: Memory) throws -> Memory { try memory.viewed(as: layout, engine: engine) }
        switch self {
        case .fixed(let memory): return .fixed(try view(memory))
        case .byWeights(let even, let odd): return .byWeights(try view(even), try view(odd))
        case .byPass(let even, let odd): return .byPass(try view(even), try view(odd))
        case .byBatch(let even, let odd): return .byBatch(try view(even), try view(odd))
        }
    }
}

/// Whose turn it is among buffers that come in pairs.
public struct Turn: Sendable, Equatable {
    public let weights: Int
    public let pass: Int
    public let batch: Int

    public init(weights: Int, pass: Int, batch: Int) {
        (self.weights, self.pass, self.batch) = (weights & 1, pass & 1, batch & 1)
    }

    static let all = (0..<8).map { Turn(weights: $0, pass: $0 >> 1, batch: $0 >> 2) }
    var index: Int { weights + 2 * pass + 4 * batch }
}
