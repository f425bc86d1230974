import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
    private let scratch: Scratch
    private var path: String { scratch("tensors.safetensors") }

    init() throws { scratch = try Scratch() }

    private func write() throws {
        try [Float](arrayLiteral: 1, 2, 3, 4, 5, 6).withUnsafeBytes { a in
            try [Int64](arrayLiteral: 7, -8).withUnsafeBytes { b in
                try SafetensorsWriter.write(
                    [
                        SafetensorsTensor(name: "a", shape: Shape(2, 3), bytes: a),
                        SafetensorsTensor(name: "b", type: .int64, shape: Shape(2), bytes: b),
                    ], metadata: ["step": "3"], to: path)
            }
        }
    }

    @Test func readsWhatWasWritten() throws {
        try write()
        let file = try SafetensorsFile(path: path)
        #expect(file.names == ["a", "b"])
        #expect(file.shape("a") == Shape(2, 3))
        #expect(try file.array("a") == [1, 2, 3, 4, 5, 6])
        #expect(try file.integers("b") == [7, -8])
        #expect(file.metadata == ["step": "3"])
        #expect(throws: SafetensorsError.self) { try file.floats("a", shape: Shape(3, 2)) }
    }

    @Test func rejectsATruncatedFileAndAnInflatedHeader() throws {
        try write()
        let whole = FileManager.default.contents(atPath: path)!
        for length in [0, 7, 8, 40, whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        }
        var inflated = whole
        inflated.replaceSubrange(0..<8, with: [255, 255, 255, 255, 255, 255, 255, 127])
        try inflated.write(to: URL(fileURLWithPath: path))
        #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    }
}
