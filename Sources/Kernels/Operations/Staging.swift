/// Stands between operands and a kernel that wants them laid out otherwise: reorders through scratch memory, before the kernel and after it.
struct Staging {
    let scratch: ScratchMemory
    let engine: Engine
    private var before: [KernelCall] = []
    private var after: [KernelCall] = []

    init(scratch: ScratchMemory, engine: Engine) { (self.scratch, self.engine) = (scratch, engine) }

    /// What the kernel reads.
    mutating func enter(_ outside: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area) throws -> Operand {
        if outside.layout == layout { return outside }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        before.append(try Reorder.call(from: outside, to: staged, scratch: scratch, engine: engine))
        return staged
    }

    /// What the kernel writes.
    mutating func leave(_ outside: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area) throws -> Operand {
        if outside.layout == layout { return outside }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        after.append(try Reorder.call(from: staged, to: outside, scratch: scratch, engine: engine))
        return staged
    }

    func call(_ kernel: PrimitiveDescriptor, _ arguments: [(Int32, Operand)]) throws -> KernelCall {
        try KernelCall(kernel, arguments, scratch: scratch, engine: engine, before: before, after: after)
    }

    /// A loop of ours in a kernel's place.
    func call(last: (any PlannedCall)? = nil, _ body: @escaping (Turn) throws -> Void) -> any PlannedCall {
        LoopCall(before: before, body, after: after + [last].compactMap { $0 })
    }
}

private final class LoopCall: PlannedCall {
    private let before: [any PlannedCall]
    private let body: (Turn) throws -> Void
    private let after: [any PlannedCall]

    init(before: [any PlannedCall], _ body: @escaping (Turn) throws -> Void, after: [any PlannedCall]) {
        (self.before, self.body, self.after) = (before, body, after)
    }

    func run(_ turn: Turn) throws {
        for call in before { try call.run(turn) }
        try body(turn)
        for call in after { try call.run(turn) }
    }
}
