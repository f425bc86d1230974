import NeuralNetwork
import Tensors
import Testing

@Suite struct PresetTests {
    @Test func alexnetHasThePapersParameters() throws {
        #expect(try Preset.alexnet.network.parameterCount() == 60_965_224)
        var ungrouped = Preset.alexnet.network
        ungrouped.columns = 1
        #expect(try ungrouped.parameterCount() == 62_378_344)
    }

    @Test func alexnetHasThePapersShapes() throws {
        let results = try Preset.alexnet.network.shapes().map(\.result.extents)
        #expect(
            results == [
                [96, 27, 27], [256, 13, 13], [384, 13, 13], [384, 13, 13], [256, 6, 6], [4096], [4096], [1000],
            ])
    }

    @Test(arguments: Preset.all) func everyPresetCanBeTrained(_ preset: Preset) throws {
        try RunConfiguration(network: preset.network, recipe: preset.recipe).check()
    }

    @Test func anUnknownPresetSuggestsTheNearest() {
        #expect(throws: NetworkError("unknown preset alexnt; did you mean alexnet?")) { try Preset.named("alexnt") }
    }

    @Test func anImpossibleNumberOfColumnsNamesTheLayerAndPossibleNumbers() {
        var network = Preset.alexnet.network
        network.columns = 5
        let error = NetworkError(
            "conv1 has 96 kernels, which cannot be divided evenly among 5 columns; set columns to one of 1, 2, 4, 8, 16, 32")
        #expect(throws: error) { try network.shapes() }
    }

    @Test func configurationsSurviveJSON() throws {
        for preset in Preset.all {
            let configuration = RunConfiguration(network: preset.network, recipe: preset.recipe)
            #expect(try RunConfiguration(json: configuration.json()) == configuration)
        }
    }
}
