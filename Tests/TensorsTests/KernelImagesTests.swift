import Tensors
import Testing

@Suite struct KernelImagesTests {
    @Test func kernelsAreScaledByTheirLargestWeightWithChannelsLast() throws {
        // Two kernels of 3 channels and 2 × 2 pixels; all weights of the second are zero.
        let weights: [Float] = [1, 0, 0, 0] + [0, -2, 0, 0] + [0, 0, 0, 2] + [Float](repeating: 0, count: 12)
        let images = try #require(KernelImages(weights, [2, 3, 2, 2]))
        #expect((images.count, images.channels, images.size) == (2, 3, 2))
        #expect(Array(images.kernel(0)) == [191, 128, 128, 128, 0, 128, 128, 128, 128, 128, 128, 255])
        #expect(images.kernel(1).allSatisfy { $0 == 128 })
    }

    @Test func weightsThatAreNotFiniteAreGrey() throws {
        let images = try #require(KernelImages([.nan, .infinity, -3, 3], [1, 1, 2, 2]))
        #expect(images.pixels == [128, 128, 0, 255])
    }

    @Test(arguments: [[2, 3, 2], [1, 2, 2, 2], [1, 1, 2, 4], [2, 1, 2, 2], [0, 1, 2, 2], [1, 1, Int.max, Int.max], []])
    func invalidShapesReturnNil(shape: [Int]) {
        #expect(KernelImages([Float](repeating: 1, count: 4), shape) == nil)
    }
}
