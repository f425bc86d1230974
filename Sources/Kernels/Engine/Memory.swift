import COneDNN
public import Tensors

/// A buffer with a layout, as kernels take it as an argument.
public final class Memory: @unchecked Sendable {
    public let layout: TensorLayout
    public private(set) var buffer: TensorBuffer
    let handle: dnnl_memory_t

    /// Interprets a buffer in a layout.
    /// - Throws: `KernelError` if the buffer is too small.
    public init(_ layout: TensorLayout, _ buffer: TensorBuffer, engine: Engine) throws {
        guard buffer.bytes.count >= layout.byteCount else {
            throw KernelError("a buffer of \(buffer.bytes.count) bytes is too small for a tensor of \(layout.byteCount) bytes")
        }
        var handle: dnnl_memory_t?
        var descriptor = layout.descriptor
        try check(dnnl_memory_create(&handle, &descriptor, engine.engine, buffer.address), "describe memory")
        (self.layout, self.buffer, self.handle) = (layout, buffer, handle!)
    }

    /// Switches to another buffer without copying the content.
    func move(to buffer: TensorBuffer) throws {
        precondition(buffer.bytes.count >= layout.byteCount)
        try check(dnnl_memory_set_data_handle(handle, buffer.address), "move memory")
        self.buffer = buffer
    }

    /// Allocates zeroed memory for a layout.
    /// - Throws: `MemoryError` if the system has too little memory.
    public convenience init(_ layout: TensorLayout, engine: Engine) throws {
        let buffer = try TensorBuffer.allocate(byteCount: layout.byteCount)
        try self.init(layout, buffer, engine: engine)
        engine.register(buffer)
    }

    /// Returns a view of the same buffer in another layout.
    func viewed(as layout: TensorLayout, engine: Engine) throws -> Memory {
        try Memory(layout, buffer, engine: engine)
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// An argument of a kernel: one memory, or an even and an odd one that are used alternately.
public enum Operand: Sendable {
    case fixed(Memory)
    /// Weights have two buffers because an update reads the current values while it writes the next.
    case byWeights(Memory, Memory)
    /// Received slabs have two buffers because a faster worker may be one pass ahead.
    case byPass(Memory, Memory)
    /// Batches have two buffers because the loader prepares one while the other is used for training.
    case byBatch(Memory, Memory)

    func memory(_ parity: BufferParity) -> Memory {
        switch self {
        case .fixed(let memory): memory
        case .byWeights(let even, let odd): parity.weights == 0 ? even : odd
        case .byPass(let even, let odd): parity.pass == 0 ? even : odd
        case .byBatch(let even, let odd): parity.batch == 0 ? even : odd
        }
    }

    public var layout: TensorLayout { memory(BufferParity.all[0]).layout }

    /// Returns views of the same buffers in another layout.
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

/// The parity that selects a buffer from each pair: 0 for the even buffer, 1 for the odd one.
public struct BufferParity: Sendable, Equatable {
    public let weights: Int
    public let pass: Int
    public let batch: Int

    public init(weights: Int, pass: Int, batch: Int) {
        (self.weights, self.pass, self.batch) = (weights & 1, pass & 1, batch & 1)
    }

    /// All eight combinations, in the order of `index`.
    static let all = (0..<8).map { BufferParity(weights: $0, pass: $0 >> 1, batch: $0 >> 2) }
    var index: Int { weights + 2 * pass + 4 * batch }
}
