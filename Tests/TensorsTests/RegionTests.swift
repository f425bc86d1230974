import Tensors
import Testing

@Suite struct RegionTests {
    @Test(arguments: [
        Region(origin: [0, 0, 0], extents: Shape(4, 6, 3)), Region(origin: [1, 2, 0], extents: Shape(2, 3, 3)),
        Region(origin: [1, 0, 1], extents: Shape(3, 6, 2)), Region(origin: [3, 5, 2], extents: Shape(1, 1, 1)),
    ])
    func runsVisitEveryElementInOrder(_ region: Region) {
        let whole = Shape(4, 6, 3)
        var visited: [Int] = []
        region.forEachRun(in: whole) { packed, start, length in
            #expect(packed == visited.count)
            visited += start..<start + length
        }
        var expected: [Int] = []
        for a in 0..<region.extents[0] {
            for b in 0..<region.extents[1] {
                for c in 0..<region.extents[2] {
                    expected.append(((region.origin[0] + a) * 6 + region.origin[1] + b) * 3 + region.origin[2] + c)
                }
            }
        }
        #expect(visited == expected)
    }
}
