import Tensors

extension NetworkSpecification {
    /// Returns every layer's shapes.
    /// - Throws: `NetworkError` if the network is invalid or cannot be divided into its columns.
    public func shapes() throws -> [LayerShapes] {
        guard !layers.isEmpty else { throw NetworkError("the network has no layers; list at least two under layers") }
        guard layers.count <= NetworkLimits.layers else {
            throw NetworkError("the network has \(layers.count) layers; use at most \(NetworkLimits.layers)")
        }
        try NetworkLimits.check([input.channels, input.height, input.width], of: "the input")
        guard input.channels > 0, input.height > 0, input.width > 0 else {
            throw NetworkError("the channels, height and width of the network's input must be at least 1")
        }
        try NetworkLimits.check(activations: Shape(input.channels, input.height, input.width), of: "the input")
        try checkNames()
        try checkColumns()
        var current = Shape(input.channels, input.height, input.width)
        var shapes: [LayerShapes] = []
        for (index, layer) in layers.enumerated() {
            shapes.append(try layer.shapes(reading: current, first: index == 0))
            current = shapes[index].result
        }
        guard case .innerProduct = layers[layers.count - 1].operation, layers[layers.count - 1].then.isEmpty else {
            throw NetworkError(
                "the last layer, \(layers[layers.count - 1].name), must be an inner product with nothing after it: "
                    + "its outputs are the classes")
        }
        return shapes
    }

    private func checkNames() throws {
        var seen: Set<String> = []
        for layer in layers {
            let allowed = layer.name.utf8.allSatisfy {
                ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F
            }
            guard !layer.name.isEmpty, allowed else {
                throw NetworkError("the layer name \"\(layer.name)\" is invalid; use letters, digits and _ only")
            }
            guard seen.insert(layer.name).inserted else {
                throw NetworkError("two layers are named \(layer.name); give each a name of its own")
            }
        }
    }

    private func checkColumns() throws {
        guard columns >= 1, columns <= 64 else { throw NetworkError("columns must be between 1 and 64, not \(columns)") }
        for layer in layers {
            guard let reason = layer.obstacle(toColumns: columns) else { continue }
            let possible = (1...64).filter { count in layers.allSatisfy { $0.obstacle(toColumns: count) == nil } }
            throw NetworkError("\(reason); set columns to one of \(possible.map(String.init).joined(separator: ", "))")
        }
    }
}

extension LayerSpecification {
    /// Returns why the layer cannot be divided into this many columns, or nil if it can.
    func obstacle(toColumns columns: Int) -> String? {
        switch operation {
        case .convolution(let convolution), .locallyConnected(let convolution):
            convolution.kernels % columns == 0
                ? nil : "\(name) has \(convolution.kernels) kernels, which cannot be divided evenly among \(columns) columns"
        case .innerProduct(let product):
            product.outputs >= columns ? nil : "\(name) has \(product.outputs) outputs, fewer than \(columns) columns"
        }
    }

    /// Returns the layer's shapes for an input of C×H×W, or of O after a fully connected layer.
    func shapes(reading input: Shape, first: Bool) throws -> LayerShapes {
        var current: Shape
        try NetworkLimits.check(operation.sizes, of: name)
        switch operation {
        case .convolution(let convolution), .locallyConnected(let convolution):
            guard input.rank == 3 else {
                throw NetworkError("\(name) is a convolution after a fully connected layer; put all convolutions first")
            }
            guard convolution.kernels > 0, convolution.size > 0, convolution.stride > 0, convolution.padding >= 0,
                convolution.padding < convolution.size
            else {
                throw NetworkError(
                    "\(name): kernels, size and stride must be at least 1, and padding must be at least 0 and less than size")
            }
            let extents = try [1, 2].map { axis in
                try Self.positions(
                    input[axis], size: convolution.size, stride: convolution.stride, padding: convolution.padding,
                    layer: name)
            }
            current = Shape(convolution.kernels, extents[0], extents[1])
        case .innerProduct(let product):
            guard product.outputs > 0 else { throw NetworkError("\(name): outputs must be at least 1") }
            guard reads == .all else {
                throw NetworkError("\(name) is fully connected and must read all columns; set reads to all or remove it")
            }
            guard !first else { throw NetworkError("\(name): the first layer must be a convolution or locally connected") }
            current = Shape(product.outputs)
        }
        let output = current
        try NetworkLimits.check(activations: output, of: name)
        let stages = try then.map { stage in
            current = try shape(after: stage, of: current)
            return current
        }
        return LayerShapes(input: input, output: output, stages: stages)
    }

    private func shape(after stage: LayerStage, of input: Shape) throws -> Shape {
        switch stage {
        case .relu, .tanh: return input
        case .dropout(let probability):
            guard probability >= 0, probability < 1 else {
                throw NetworkError("\(name): dropout must be at least 0 and less than 1, not \(probability)")
            }
            return input
        case .normalization(let normalization):
            try NetworkLimits.check([normalization.size], of: "\(name)'s normalization")
            guard input.rank == 3, normalization.size > 0, normalization.size % 2 == 1, normalization.k > 0 else {
                throw NetworkError("\(name): normalization must have an odd size and k above 0, and must follow a convolution")
            }
            return input
        case .maxPooling(let pooling):
            try NetworkLimits.check([pooling.size, pooling.stride], of: "\(name)'s pooling")
            guard input.rank == 3, pooling.size > 0, pooling.stride > 0 else {
                throw NetworkError("\(name): max_pooling must have a size and a stride of at least 1, and must follow a convolution")
            }
            let extents = try [1, 2].map { axis in
                try Self.positions(
                    input[axis], size: pooling.size, stride: pooling.stride, padding: 0, layer: "\(name)'s pooling")
            }
            return Shape(input[0], extents[0], extents[1])
        }
    }

    private static func positions(_ extent: Int, size: Int, stride: Int, padding: Int, layer: String) throws -> Int {
        let room = extent + 2 * padding - size
        guard room >= 0 else {
            throw NetworkError("\(layer) has a window of \(size) pixels but an input of only \(extent); use a smaller size")
        }
        return room / stride + 1
    }
}
