extension Preset {
    /// A two-column network in AlexNet's style for 28×28 grey images (Fashion-MNIST, MNIST).
    public static let fashion = Preset(
        name: "fashion", summary: "two columns, 28×28 grey",
        network: small(input: .init(channels: 1, height: 28, width: 28), kernels: [32, 64, 96, 64], hidden: 256, dropout: 0.2),
        recipe: smallRecipe(mirror: false))

    /// A two-column network in AlexNet's style for 32×32 colour images (CIFAR-10).
    public static let cifar10 = Preset(
        name: "cifar10", summary: "two columns, 32×32 colour",
        network: small(input: .init(channels: 3, height: 32, width: 32), kernels: [64, 96, 128, 96], hidden: 256, dropout: 0.5),
        recipe: smallRecipe(mirror: true))

    /// Builds a network whose initial deviations rise with depth. Raw inputs of 0–255 have a spread of about 70, unlike ImageNet's
    /// features after 224×224 crops. With few layers, the paper's 0.01 would leave the upper layers without signal.
    private static func small(input: NetworkSpecification.Input, kernels: [Int], hidden: Int, dropout: Float)
        -> NetworkSpecification
    {
        let pooling = LayerStage.maxPooling(.init())
        let normalization = LayerStage.normalization(.init())
        return NetworkSpecification(
            input: input, columns: 2,
            layers: [
                LayerSpecification(
                    "conv1", .convolution(.init(kernels: kernels[0], size: 5, padding: 2)),
                    then: [.relu, pooling, normalization], weights: ParameterRecipe(deviation: 0.005, learningRate: 0.1)),
                LayerSpecification(
                    "conv2", .convolution(.init(kernels: kernels[1], size: 5, padding: 2)),
                    then: [.relu, normalization, pooling], weights: .weights(deviation: 0.05), biases: .biases(0.1)),
                LayerSpecification(
                    "conv3", .convolution(.init(kernels: kernels[2], size: 3, padding: 1)), reads: .all, then: [.relu],
                    weights: .weights(deviation: 0.05)),
                LayerSpecification(
                    "conv4", .convolution(.init(kernels: kernels[3], size: 3, padding: 1)), then: [.relu, pooling],
                    weights: .weights(deviation: 0.07), biases: .biases(0.1)),
                LayerSpecification(
                    "fc5", .innerProduct(.init(outputs: hidden)), reads: .all, then: [.relu, .dropout(dropout)],
                    weights: .weights(deviation: 0.07), biases: .biases(0.1)),
                LayerSpecification(
                    "fc6", .innerProduct(.init(outputs: 10)), reads: .all, weights: .weights(deviation: 0.05)),
            ])
    }

    /// - Parameter mirror: whether mirror images are as likely as the images; they are not if all shoes point the same way.
    private static func smallRecipe(mirror: Bool) -> Recipe {
        var recipe = Recipe()
        recipe.augmentation.mirror = mirror
        recipe.augmentation.color = false
        return recipe
    }
}
