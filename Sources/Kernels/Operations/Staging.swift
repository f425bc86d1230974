/// Converts operands for a kernel that needs other layouts: reorders through scratch memory before and after the kernel.
struct Staging {
    let scratch: ScratchMemory
    let engine: Engine
    private var before: [KernelCall] = []
    private var after: [KernelCall] = []

    init(scratch: ScratchMemory, engine: Engine) { (self.scratch, self.engine) = (scratch, engine) }

    /// Returns an operand in `layout` for the kernel to read: `operand` itself, or a copy made before the kernel runs.
    mutating func input(_ operand: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area) throws -> Operand {
        if operand.layout == layout { return operand }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        before.append(try Reorder.call(from: operand, to: staged, scratch: scratch, engine: engine))
        return staged
    }

    /// Returns an operand in `layout` for the kernel to write: `operand` itself, or scratch memory that is copied to it afterwards.
    mutating func output(_ operand: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area) throws -> Operand {
        if operand.layout == layout { return operand }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        after.append(try Reorder.call(from: staged, to: operand, scratch: scratch, engine: engine))
        return staged
    }

    func call(_ kernel: PrimitiveDescriptor, _ arguments: [(Int32, Operand)]) throws -> KernelCall {
        try KernelCall(kernel, arguments, scratch: scratch, engine: engine, before: before, after: after)
    }

    /// Plans a Swift loop instead of a oneDNN kernel.
    func call(last: (any PlannedCall)? = nil, _ body: @escaping (BufferParity) throws -> Void) -> any PlannedCall {
        LoopCall(before: before, body, after: after + [last].compactMap { $0 })
    }
}

private final class LoopCall: PlannedCall {
    private let before: [any PlannedCall]
    private let body: (BufferParity) throws -> Void
    private let after: [any PlannedCall]

    init(before: [any PlannedCall], _ body: @escaping (BufferParity) throws -> Void, after: [any PlannedCall]) {
        (self.before, self.body, self.after) = (before, body, after)
    }

    func run(_ parity: BufferParity) throws {
        for call in before { try call.run(parity) }
        try body(parity)
        for call in after { try call.run(parity) }
    }
}
