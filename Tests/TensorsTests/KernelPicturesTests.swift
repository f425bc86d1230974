import Tensors
import Testing

@Suite struct KernelPicturesTests {
    @Test func kernelsAreScaledByTheirLargestWeightWithChannelsLast() throws {
        // Two kernels of 3 channels and 2 × 2 pixels; the second has no weight at all.
        let weights: [Float] = [1, 0, 0, 0] + [0, -2, 0, 0] + [0, 0, 0, 2] + [Float](repeating: 0, count: 12)
        let pictures = try #require(KernelPictures(weights, [2, 3, 2, 2]))
        #expect((pictures.count, pictures.channels, pictures.size) == (2, 3, 2))
        #expect(Array(pictures.kernel(0)) == [191, 128, 128, 128, 0, 128, 128, 128, 128, 128, 128, 255])
        #expect(pictures.kernel(1).allSatisfy { $0 == 128 })
    }

    @Test func whatIsNoNumberIsGrey() throws {
        let pictures = try #require(KernelPictures([.nan, .infinity, -3, 3], [1, 1, 2, 2]))
        #expect(pictures.pixels == [128, 128, 0, 255])
    }

    @Test(arguments: [[2, 3, 2], [1, 2, 2, 2], [1, 1, 2, 4], [2, 1, 2, 2], [0, 1, 2, 2], [1, 1, Int.max, Int.max], []])
    func weightsThatAreNoPicturesHaveNone(shape: [Int]) {
        #expect(KernelPictures([Float](repeating: 1, count: 4), shape) == nil)
    }
}
