import Kernels
import Tensors
import Testing

@Suite struct BlockedLayoutTests {
    @Test(arguments: [Shape(2, 12, 5, 4), Shape(1, 32, 3, 3), Shape(7, 9), Shape(5)])
    func aDescribedLayoutIsTheSameLayout(_ shape: Shape) throws {
        let layout = try TensorLayout(activations: shape.rank == 1 ? Shape(1, 5) : shape)
        #expect(try TensorLayout(layout.blocked()) == layout)
    }

    @Test func impossibleLayoutsFromAPeerAreRejected() throws {
        let good = try TensorLayout(activations: Shape(2, 12, 5, 4)).blocked()
        let changes: [(inout BlockedLayout) -> Void] = [
            { $0.extents = [] }, { $0.extents[0] = 0 }, { $0.extents[0] = -1 }, { $0.extents[1] = .max },
            { $0.paddedExtents[1] = 8 }, { $0.paddedExtents[1] = 1 << 50 }, { $0.strides[0] = 0 },
            { $0.strides[0] = .max }, { $0.innerAxes = [9] }, { $0.innerBlocks = [0] },
            { $0.innerBlocks = [1 << 40] }, { $0.strides.removeLast() },
            {
                $0.innerBlocks = [1, 1, 1, 1, 1]; $0.innerAxes = [0, 0, 0, 0, 0]
            },
        ]
        for (index, change) in changes.enumerated() {
            var bad = good
            change(&bad)
            #expect(throws: KernelError.self, "change \(index)") { try TensorLayout(bad) }
        }
    }
}
