import Datasets
import Foundation
import Testing

@Suite struct PictureDecoderTests {
    /// What fuzzing has found: the decoder behind would take the memory that these files ask for.
    @Test(arguments: [("bomb.png", "holds more than its size says"), ("chunk.png", "ends within its pixels")])
    func aFileThatAsksForMoreMemoryThanItHasPixelsIsRefused(name: String, reason: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fuzzing/Regressions/pictures/\(name)")
        let bytes = try [UInt8](Data(contentsOf: file))
        let error = #expect(throws: PictureError.self) { try PictureDecoder().decode(bytes) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }
}
