import Kernels

/// How a parameter block lies in memory. Values in kernels may have fewer than 32 bits, and another layout then.
struct ParameterLayout: Equatable {
    let values: TensorLayout
    /// As kernels compute it and the store keeps values and momentum: of 32 bits.
    let gradient: TensorLayout
    /// As it is handed to the store: laid out alike, perhaps of 16 bits.
    let pushed: TensorLayout
}

/// A parameter block's memory as kernels see it.
struct ParameterMemory {
    /// Values of even and odd steps.
    let even: Memory
    let odd: Memory
    /// The replica's contributions to the gradient, then memory for sums, as `GradientTree.SlicePlan` counts them; empty where
    /// nothing is trained.
    let gradients: [Memory]
    /// The contributions as they are handed to the store: the same memory, or rounded copies.
    let pushed: [Memory]

    var values: Operand { .byWeights(even, odd) }
}
