/// The extents of a tensor, outermost first: NCHW for activations, OIHW for convolution kernels.
public struct Shape: Hashable, Sendable, Codable, CustomStringConvertible {
    public var extents: [Int]

    public init(_ extents: [Int]) { self.extents = extents }
    public init(_ extents: Int...) { self.extents = extents }

    /// The number of elements.
    public var count: Int { extents.reduce(1, *) }
    /// The number of elements, for a shape from a file, a peer or a user; nil above `limit` or if an extent is negative.
    public func count(atMost limit: Int) -> Int? {
        var count = 1
        for extent in extents {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= limit else { return nil }
            count = product
        }
        return count
    }
    public var rank: Int { extents.count }
    public subscript(axis: Int) -> Int { extents[axis] }
    public var description: String { extents.map(String.init).joined(separator: "×") }

    public init(from decoder: any Decoder) throws { extents = try [Int](from: decoder) }
    public func encode(to encoder: any Encoder) throws { try extents.encode(to: encoder) }
}

/// A rectangular part of a tensor, such as one column's rows of a layer's weight matrix.
public struct Region: Hashable, Sendable {
    public let origin: [Int]
    public let extents: Shape

    public init(origin: [Int], extents: Shape) {
        self.origin = origin
        self.extents = extents
    }

    /// Calls `body` for every run of elements that is contiguous both in the packed region and in the whole tensor.
    /// - Parameter body: receives the offset in the packed region, the offset in the whole tensor and the length, all in elements.
    public func forEachRun(in whole: Shape, _ body: (_ packed: Int, _ whole: Int, _ length: Int) throws -> Void) rethrows {
        // Trailing axes that the region covers entirely are contiguous in both tensors.
        var axis = extents.rank
        var length = 1
        while axis > 0 {
            axis -= 1
            length *= extents[axis]
            if extents[axis] != whole[axis] { break }
        }
        var strides = [Int](repeating: 1, count: whole.rank)
        for i in stride(from: whole.rank - 2, through: 0, by: -1) { strides[i] = strides[i + 1] * whole[i + 1] }
        let outer = Array(extents.extents[..<axis])
        var index = [Int](repeating: 0, count: axis)
        let start = zip(origin, strides).map(*).reduce(0, +)
        for run in 0..<outer.reduce(1, *) {
            try body(run * length, start + zip(index, strides).map(*).reduce(0, +), length)
            for i in stride(from: axis - 1, through: 0, by: -1) {
                index[i] += 1
                if index[i] < outer[i] { break }
                index[i] = 0
            }
        }
    }
}
