import Datasets
import Foundation
import Testing

@Suite struct ImageDecoderTests {
    /// The decoder behind would take a gigabyte for the pixels that a chunk of this file says it has.
    @Test func aChunkLongerThanItsFileIsRefused() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fuzzing/Regressions/pictures/chunk.png")
        let bytes = try [UInt8](Data(contentsOf: file))
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(bytes) }
        #expect(error?.reason.contains("ends within its pixels") == true, "\(String(describing: error))")
    }
}
