import Tensors

/// Bounds on what a network may be stated with. They keep every product of its sizes far from overflow, and what is
/// made for each of its parts within any machine; peers and files state networks too.
enum NetworkLimits {
    static let layers = 64
    /// Of kernels, their sides, strides, outputs, and the input's channels and sides.
    static let size = 1 << 20
    /// Of one picture at one layer, and of all parameters.
    static let elements = 1 << 31

    static func check(_ sizes: [Int], of name: String) throws {
        for number in sizes where number > size {
            throw NetworkError("\(name) has a size of \(number); sizes go up to \(size)")
        }
    }

    static func check(activations: Shape, of name: String) throws {
        guard activations.count(atMost: elements) != nil else {
            throw NetworkError("the output of \(name), \(activations), has more than \(elements) values; use fewer kernels or a larger stride")
        }
    }

    static func check(_ tensors: [ParameterTensor]) throws {
        var total = 0
        for tensor in tensors {
            guard let count = tensor.shape.count(atMost: elements), total + count <= elements else {
                throw NetworkError(
                    "\(tensor.name), \(tensor.shape), takes the network beyond \(elements) parameters; use fewer kernels or outputs")
            }
            total += count
        }
    }
}
