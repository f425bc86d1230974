extension Preset {
    /// The one-column, four-layer network with which §3.3 measures normalization on CIFAR-10, as in the authors' code. It trains for
    /// 500 epochs, then ten at a tenth and ten at a hundredth of the learning rate.
    public static let cifar10FourLayer = Preset(
        name: "cifar10-four-layer", summary: "the paper's four-layer net for CIFAR-10, 24×24 crops",
        network: fourLayer(side: 24, activation: .relu, isPlain: false), recipe: fourLayerRecipe(isPlain: false))

    /// The same network without normalization, augmentation and weight decay, for the comparison of activations in §3.1.
    public static let cifar10FourLayerPlain = Preset(
        name: "cifar10-four-layer-plain", summary: "a four-layer net for CIFAR-10 without regularization, ReLU",
        network: fourLayer(side: 32, activation: .relu, isPlain: true), recipe: fourLayerRecipe(isPlain: true))

    /// The network of that comparison with tanh instead of ReLU.
    public static let cifar10FourLayerTanh = Preset(
        name: "cifar10-four-layer-tanh", summary: "a four-layer net for CIFAR-10 without regularization, tanh",
        network: fourLayer(side: 32, activation: .tanh, isPlain: true), recipe: fourLayerRecipe(isPlain: true))

    private static func fourLayer(side: Int, activation: LayerStage, isPlain: Bool) -> NetworkSpecification {
        let pooling = LayerStage.maxPooling(.init())
        let normalization: [LayerStage] =
            isPlain ? [] : [.normalization(.init(size: 9, k: 1, alpha: 0.001 / 9, beta: 0.75))]
        func weights(_ deviation: Float, decay: Float) -> ParameterRecipe {
            ParameterRecipe(deviation: deviation, decay: isPlain ? 0 : decay)
        }
        let biases = ParameterRecipe(learningRate: 2)
        return NetworkSpecification(
            input: .init(channels: 3, height: side, width: side), columns: 1,
            layers: [
                LayerSpecification(
                    "conv1", .convolution(.init(kernels: 64, size: 5, padding: 2)),
                    then: [activation, pooling] + normalization, weights: weights(0.0001, decay: 0), biases: biases),
                LayerSpecification(
                    "conv2", .convolution(.init(kernels: 64, size: 5, padding: 2)),
                    then: [activation] + normalization + [pooling], weights: weights(0.01, decay: 0), biases: biases),
                LayerSpecification(
                    "local3", .locallyConnected(.init(kernels: 64, size: 3, padding: 1)), then: [activation],
                    weights: weights(0.04, decay: 0.004), biases: biases),
                LayerSpecification(
                    "local4", .locallyConnected(.init(kernels: 32, size: 3, padding: 1)), then: [activation],
                    weights: weights(0.04, decay: 0.004), biases: biases),
                LayerSpecification(
                    "fc5", .innerProduct(.init(outputs: 10)), reads: .all, weights: weights(0.01, decay: 0.01),
                    biases: biases),
            ])
    }

    private static func fourLayerRecipe(isPlain: Bool) -> Recipe {
        var recipe = Recipe()
        recipe.optimizer.learningRate = 0.001
        recipe.augmentation.crop = !isPlain
        recipe.augmentation.mirror = !isPlain
        // After 500 and 510 epochs of CIFAR-10's 50,000 images.
        if !isPlain { recipe.schedule.drops = [195_313, 199_219] }
        return recipe
    }
}
