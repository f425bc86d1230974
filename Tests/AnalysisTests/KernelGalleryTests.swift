import Analysis
import Testing

@Suite struct KernelGalleryTests {
    @Test func selectivityIsTheShareOfColour() {
        #expect(KernelGallery.colorSelectivity([1, 2, 1, 2, 1, 2], area: 2) == 0)
        #expect(abs(KernelGallery.colorSelectivity([1, -1, -0.5, 0.5, -0.5, 0.5], area: 2) - 1) < 1e-12)
        // A third of the energy of red is grey.
        #expect(abs(KernelGallery.colorSelectivity([3, 0, 0], area: 1) - 2.0 / 3) < 1e-12)
        #expect(KernelGallery.colorSelectivity([0, 0, 0], area: 1) == 0)
    }
}
