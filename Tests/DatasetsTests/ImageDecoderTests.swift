import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ImageDecoderTests {
    /// Without the check, the decoder would allocate a gigabyte for the length that a chunk of this file claims.
    @Test func aChunkLongerThanItsFileIsRejected() throws {
        let file = Repository.path("Tests/Fuzzing/Regressions/pictures/chunk.png")
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(bytes) }
        #expect(error?.reason.contains("ends within its pixels") == true, "\(String(describing: error))")
    }
}
