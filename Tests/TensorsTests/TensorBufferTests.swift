import Tensors
import Testing

@Suite struct TensorBufferTests {
    @Test func aFailedAllocationThrowsAnErrorWithItsSize() throws {
        // More than a process can address.
        let error = #expect(throws: MemoryError.self) { try TensorBuffer.allocate(byteCount: 1 << 50) }
        #expect(error?.byteCount == 1 << 50)
        #expect(error?.description.contains("1125899906842624 bytes") == true && error?.description.contains("smaller batch") == true)
        let buffer = try TensorBuffer.allocate(floats: 1000)
        #expect(buffer.bytes.count == 4000 && buffer.floats.allSatisfy { $0 == 0 })
    }
}
