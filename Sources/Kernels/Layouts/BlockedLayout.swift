import COneDNN
public import Tensors

/// A blocked layout as plain data, for the wire and the parameter store: outer strides, and inner blocks by axis.
/// See oneDNN's "Understanding Memory Formats".
public struct BlockedLayout: Hashable, Sendable {
    public var type: ElementType
    public var extents: [Int]
    public var paddedExtents: [Int]
    /// Strides of the outer blocks, in elements.
    public var strides: [Int]
    public var innerBlocks: [Int]
    public var innerAxes: [Int]

    public init(
        type: ElementType, extents: [Int], paddedExtents: [Int], strides: [Int], innerBlocks: [Int], innerAxes: [Int]
    ) {
        self.type = type
        (self.extents, self.paddedExtents, self.strides) = (extents, paddedExtents, strides)
        (self.innerBlocks, self.innerAxes) = (innerBlocks, innerAxes)
    }
}

extension TensorLayout {
    /// Returns this layout as plain data.
    /// - Throws: `KernelError` if it is not a blocked layout.
    public func blocked() throws -> BlockedLayout {
        guard descriptor.format_kind == dnnl_blocked, descriptor.data_type == type.code, descriptor.offset0 == 0 else {
            throw KernelError("the parameter store accepts only blocked layouts, not \(self)")
        }
        let rank = Int(descriptor.ndims)
        let blocking = descriptor.format_desc.blocking
        let inner = Int(blocking.inner_nblks)
        func list<Tuple>(_ tuple: Tuple, _ count: Int) -> [Int] {
            withUnsafeBytes(of: tuple) { $0.bindMemory(to: Int64.self).prefix(count).map(Int.init) }
        }
        return BlockedLayout(
            type: type, extents: list(descriptor.dims, rank), paddedExtents: list(descriptor.padded_dims, rank),
            strides: list(blocking.strides, rank), innerBlocks: list(blocking.inner_blks, inner),
            innerAxes: list(blocking.inner_idxs, inner))
    }

    /// Rebuilds a layout that a peer described, and checks every number.
    /// - Throws: `KernelError` for an impossible layout.
    public init(_ blocked: BlockedLayout) throws {
        let rank = blocked.extents.count
        let limit = 1 << 40
        guard (1...4).contains(rank), blocked.paddedExtents.count == rank, blocked.strides.count == rank,
            blocked.innerBlocks.count == blocked.innerAxes.count, blocked.innerBlocks.count <= 4,
            blocked.innerAxes.allSatisfy({ (0..<rank).contains($0) }),
            blocked.innerBlocks.allSatisfy({ (1...16384).contains($0) })
        else { throw KernelError("impossible tensor layout \(blocked)") }
        var blocks = [Int](repeating: 1, count: rank)
        for (axis, block) in zip(blocked.innerAxes, blocked.innerBlocks) { blocks[axis] *= block }
        var span = blocked.innerBlocks.reduce(1, *)
        for axis in 0..<rank {
            let (extent, padded, stride) = (blocked.extents[axis], blocked.paddedExtents[axis], blocked.strides[axis])
            guard (1...limit).contains(extent), padded >= extent, padded < extent + blocks[axis],
                padded % blocks[axis] == 0, (1...limit).contains(stride)
            else { throw KernelError("impossible tensor layout \(blocked)") }
            let (reach, overflow) = (padded / blocks[axis] - 1).multipliedReportingOverflow(by: stride)
            guard !overflow, reach <= limit else { throw KernelError("impossible tensor layout \(blocked)") }
            span += reach
        }
        guard span <= limit, Shape(blocked.paddedExtents).count(atMost: limit) != nil else {
            throw KernelError("impossible tensor layout \(blocked)")
        }
        try self.init(plain: Shape(blocked.extents), blocked.type)
        func fill<Tuple>(_ tuple: inout Tuple, _ values: [Int]) {
            withUnsafeMutableBytes(of: &tuple) { bytes in
                let words = bytes.bindMemory(to: Int64.self)
                for (i, value) in values.enumerated() { words[i] = Int64(value) }
            }
        }
        fill(&descriptor.padded_dims, blocked.paddedExtents)
        fill(&descriptor.format_desc.blocking.strides, blocked.strides)
        fill(&descriptor.format_desc.blocking.inner_blks, blocked.innerBlocks)
        fill(&descriptor.format_desc.blocking.inner_idxs, blocked.innerAxes)
        descriptor.format_desc.blocking.inner_nblks = Int32(blocked.innerBlocks.count)
    }
}
