import COneDNN

/// A computation and its arguments, planned once and run in every step.
public protocol PlannedCall: AnyObject {
    /// Runs the computation and returns when it is complete.
    /// - Parameter parity: selects a buffer from each pair.
    func run(_ parity: BufferParity) throws
}

/// A oneDNN kernel and its arguments. Running it allocates nothing.
public final class KernelCall: PlannedCall {
    private let primitive: dnnl_primitive_t
    private let engine: Engine
    /// One argument list for each `BufferParity`, concatenated in the order of `BufferParity.all`.
    private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
    private let argumentCount: Int
    /// Keeps the arguments' memory alive.
    private let operands: [Operand]
    private let before: [KernelCall]
    private let after: [KernelCall]

    /// - Parameters:
    ///   - named: arguments by oneDNN's argument index.
    ///   - before: calls to run first, such as a reorder of an argument.
    ///   - after: calls to run last.
    init(
        _ descriptor: PrimitiveDescriptor, _ named: [(Int32, Operand)], scratch: ScratchMemory, engine: Engine,
        before: [KernelCall] = [], after: [KernelCall] = []
    ) throws {
        var named = named
        if let layout = descriptor.scratchpadLayout {
            named.append((DNNL_ARG_SCRATCHPAD, .fixed(try scratch.memory(layout, in: .scratchpad))))
        }
        var primitive: dnnl_primitive_t?
        try check(dnnl_primitive_create(&primitive, descriptor.handle), "build a kernel")
        self.primitive = primitive!
        self.engine = engine
        (self.before, self.after) = (before, after)
        operands = named.map(\.1)
        argumentCount = named.count
        arguments = .allocate(capacity: named.count * BufferParity.all.count)
        for parity in BufferParity.all {
            for (i, (index, operand)) in named.enumerated() {
                arguments.initializeElement(
                    at: parity.index * named.count + i,
                    to: dnnl_exec_arg_t(arg: index, memory: operand.memory(parity).handle))
            }
        }
    }

    deinit {
        dnnl_primitive_destroy(primitive)
        arguments.deallocate()
    }

    public func run(_ parity: BufferParity) throws {
        for call in before { try call.run(parity) }
        try check(
            dnnl_primitive_execute(
                primitive, engine.stream, Int32(argumentCount), arguments.baseAddress! + parity.index * argumentCount),
            "run a kernel")
        for call in after { try call.run(parity) }
    }
}
