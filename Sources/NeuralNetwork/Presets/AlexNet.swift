extension Preset {
    /// The paper's network (§3.5, Figure 2) with its recipe (§4, §5).
    public static let alexnet = Preset(
        name: "alexnet", summary: "the paper's two-column network, 224×224 colour",
        network: alexnet(columns: 2, kernels: [96, 256, 384, 384, 256]), recipe: paperRecipe)

    /// The one-GPU network of the comparison in §3.2: half the kernels, but the same last convolution and fully connected layers.
    public static let alexnetOneColumn = Preset(
        name: "alexnet-one-column", summary: "the one-GPU network of the paper's §3.2, 224×224 colour",
        network: alexnet(columns: 1, kernels: [48, 128, 192, 192, 256]), recipe: paperRecipe)

    /// The paper's network with a sixth convolution over the last pooling layer (§6, "1 CNN*"). The paper gives no sizes; here it has
    /// 256 kernels of 3×3 that read their own column, like conv5.
    public static let alexnetSixConvolutions = Preset(
        name: "alexnet-six-conv", summary: "the paper's §6 variant with a sixth convolution, 224×224 colour",
        network: sixConvolutions, recipe: paperRecipe)

    private static var sixConvolutions: NetworkSpecification {
        var network = alexnet(columns: 2, kernels: [96, 256, 384, 384, 256])
        network.layers.insert(
            LayerSpecification(
                "conv6", .convolution(.init(kernels: 256, size: 3, padding: 1)), then: [.relu], biases: .biases(1)),
            at: 5)
        // fc6 … fc8 are renamed to continue the numbering after conv6.
        for (index, name) in [(6, "fc7"), (7, "fc8"), (8, "fc9")] { network.layers[index].name = name }
        return network
    }

    private static var paperRecipe: Recipe {
        var recipe = Recipe()
        recipe.augmentation.color = true
        recipe.schedule.kind = .plateau
        return recipe
    }

    private static func alexnet(columns: Int, kernels: [Int]) -> NetworkSpecification {
        let pooling = LayerStage.maxPooling(.init())
        let normalization = LayerStage.normalization(.init())
        return NetworkSpecification(
            input: .init(channels: 3, height: 224, width: 224), columns: columns,
            layers: [
                LayerSpecification(
                    "conv1", .convolution(.init(kernels: kernels[0], size: 11, stride: 4, padding: 2)),
                    then: [.relu, normalization, pooling]),
                LayerSpecification(
                    "conv2", .convolution(.init(kernels: kernels[1], size: 5, padding: 2)),
                    then: [.relu, normalization, pooling], biases: .biases(1)),
                LayerSpecification(
                    "conv3", .convolution(.init(kernels: kernels[2], size: 3, padding: 1)), reads: .all, then: [.relu]),
                LayerSpecification(
                    "conv4", .convolution(.init(kernels: kernels[3], size: 3, padding: 1)), then: [.relu],
                    biases: .biases(1)),
                LayerSpecification(
                    "conv5", .convolution(.init(kernels: kernels[4], size: 3, padding: 1)), then: [.relu, pooling],
                    biases: .biases(1)),
                LayerSpecification(
                    "fc6", .innerProduct(.init(outputs: 4096)), reads: .all, then: [.relu, .dropout(0.5)],
                    biases: .biases(1)),
                LayerSpecification(
                    "fc7", .innerProduct(.init(outputs: 4096)), reads: .all, then: [.relu, .dropout(0.5)],
                    biases: .biases(1)),
                LayerSpecification("fc8", .innerProduct(.init(outputs: 1000)), reads: .all),
            ])
    }
}
