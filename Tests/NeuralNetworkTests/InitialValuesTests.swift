import NeuralNetwork
import Tensors
import Testing

@Suite struct InitialValuesTests {
    @Test func heDeviationFollowsTheInputsOfAUnit() throws {
        var recipe = Recipe()
        recipe.initialization = .he
        for tensor in try Preset.cifar10.network.parameterTensors().prefix(4) {
            var values = [Float](repeating: .nan, count: tensor.shape.count)
            values.withUnsafeMutableBufferPointer {
                InitialValues(recipe).fill(
                    $0, tensor: tensor, region: Region(origin: tensor.shape.extents.map { _ in 0 }, extents: tensor.shape),
                    recipe: ParameterRecipe(deviation: 7, value: 3))
            }
            guard tensor.kind == .weight else {
                #expect(values.allSatisfy { $0 == 0 })
                continue
            }
            let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
            let inputs = Float(tensor.shape.count / tensor.shape[0])
            #expect(abs(variance * inputs / 2 - 1) < 0.1, "\(tensor.name)")
        }
    }
}
