import Kernels

/// A parameter block's memory as kernels see it.
struct ParameterMemory {
    /// Values of even and odd steps.
    let even: Memory
    let odd: Memory
    /// Nil where nothing is trained.
    let gradient: Memory?

    var values: Operand { .byWeights(even, odd) }
}
