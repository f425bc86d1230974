import Tensors

/// Limits on the sizes of a network, which may come from a peer or a file. They keep all products of sizes far from overflow, and
/// memory for each part within reason.
enum NetworkLimits {
    static let layers = 64
    /// Largest number of kernels or outputs, kernel size, stride, and extent of the input.
    static let size = 1 << 20
    /// Largest number of values of one image at one layer, and largest number of parameters in all.
    static let elements = 1 << 31

    static func check(_ sizes: [Int], of name: String) throws {
        for number in sizes where number > size {
            throw NetworkError("\(name) has a size of \(number); use at most \(size)")
        }
    }

    static func check(activations: Shape, of name: String) throws {
        guard activations.count(atMost: elements) != nil else {
            throw NetworkError(
                "the output of \(name), \(activations), has more than \(elements) values; use fewer kernels or a larger stride")
        }
    }

    static func check(_ tensors: [ParameterTensor]) throws {
        var total = 0
        for tensor in tensors {
            guard let count = tensor.shape.count(atMost: elements), total + count <= elements else {
                throw NetworkError(
                    "with \(tensor.name), \(tensor.shape), the network has more than \(elements) parameters; use fewer kernels or outputs")
            }
            total += count
        }
    }
}
