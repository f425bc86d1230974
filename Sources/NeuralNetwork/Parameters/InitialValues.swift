public import Tensors

/// Initial values of parameters. They depend only on an element's index in the whole network, so every layout starts with the same.
public struct InitialValues: Sendable {
    private let draws: RandomDraws
    private let initialization: Recipe.Initialization

    public init(_ recipe: Recipe) {
        draws = RandomDraws(seed: recipe.seed)
        initialization = recipe.initialization
    }

    /// Fills `destination` with a packed region of a parameter tensor.
    public func fill(
        _ destination: UnsafeMutableBufferPointer<Float>, tensor: ParameterTensor, region: Region,
        recipe: ParameterRecipe
    ) {
        let recipe = resolved(recipe, for: tensor)
        guard recipe.deviation != 0 else {
            destination.update(repeating: recipe.value)
            return
        }
        let tensorIndex = UInt64(tensor.layer) << 1 | (tensor.kind == .bias ? 1 : 0)
        region.forEachRun(in: tensor.shape) { packed, whole, length in
            var index = whole
            let end = whole + length
            while index < end {
                // One counter gives four normals, for elements 4i … 4i+3 of the whole tensor.
                let normals = RandomDraws.normals(draws.words(.initialValue, tensorIndex, UInt64(index >> 2)))
                let four = [normals.0, normals.1, normals.2, normals.3]
                repeat {
                    destination[packed + index - whole] = recipe.value + recipe.deviation * four[index & 3]
                    index += 1
                } while index & 3 != 0 && index < end
            }
        }
    }

    private func resolved(_ recipe: ParameterRecipe, for tensor: ParameterTensor) -> ParameterRecipe {
        guard initialization == .he else { return recipe }
        return tensor.kind == .weight ? .weights(deviation: (2 / Float(tensor.fanIn)).squareRoot()) : .biases
    }
}
