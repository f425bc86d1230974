import Interchange
import NeuralNetwork
import Tensors

extension FuzzTarget {
    /// A safetensors file, and what an import reads of it.
    static let safetensors = FuzzTarget("safetensors") { input in
        let file = try SafetensorsFile(path: SafetensorsFiles.folder.write(input, to: "model.safetensors"))
        for name in file.names {
            guard let shape = file.shape(name) else { continue }
            holds(shape.count >= 0 && shape.rank <= input.count)
            if let values = try? file.array(name) { holds(values.count == shape.count) }
            if let bytes = try? file.floats(name, shape: shape) { _ = bytes.reduce(0) { $0 ^ $1 } }
            _ = try? file.integers(name)
        }
        _ = file.digest
        _ = SafetensorsInterchange.classes(of: file)
        if let configuration = try SafetensorsInterchange.configuration(of: file) {
            for tensor in try configuration.network.parameterTensors() {
                _ = try file.floats(tensor.name, shape: tensor.shape)
            }
        }
    }
}

private enum SafetensorsFiles {
    static let folder = ScratchFolder("safetensors")
}
