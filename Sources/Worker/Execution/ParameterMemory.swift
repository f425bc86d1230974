import Kernels

/// How a parameter block lies in memory. Gradients, and what the store keeps, have 32 bits; values in kernels may have
/// fewer, and another layout then.
struct ParameterLayout: Equatable {
    let values: TensorLayout
    let gradient: TensorLayout
}

/// A parameter block's memory as kernels see it.
struct ParameterMemory {
    /// Values of even and odd steps.
    let even: Memory
    let odd: Memory
    /// The replica's contributions to the gradient, then memory for sums, as `GradientTree.SlicePlan` counts them; empty where
    /// nothing is trained.
    let gradients: [Memory]

    var values: Operand { .byWeights(even, odd) }
}
