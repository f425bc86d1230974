import Foundation
import Glibc
import Platform

/// A tensor to write. Its bytes are read when the file is written, so they must stay valid until then.
public struct SafetensorsTensor {
    public enum ElementType: String, Sendable { case float32 = "F32", int64 = "I64" }

    public let name: String
    public let type: ElementType
    public let shape: Shape
    public let bytes: UnsafeRawBufferPointer

    public init(name: String, type: ElementType = .float32, shape: Shape, bytes: UnsafeRawBufferPointer) {
        (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }
}

/// Writes safetensors files that are complete and on disk when the call returns, or absent.
public enum SafetensorsWriter {
    public static func write(_ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to path: String) throws {
        var entries: [String: SafetensorsHeader.Entry] = [:]
        var offset = 0
        for tensor in tensors {
            entries[tensor.name] = .init(
                dtype: tensor.type.rawValue, shape: tensor.shape.extents,
                data_offsets: [offset, offset + tensor.bytes.count])
            offset += tensor.bytes.count
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = try encoder.encode(SafetensorsHeader(tensors: entries, metadata: metadata))
        // The format requires data aligned to 8 bytes; 64 also suits vector loads.
        header.append(contentsOf: [UInt8](repeating: 0x20, count: (64 - (header.count + 8) % 64) % 64))

        try DurableFile.write(to: path) { file in
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.append($0) }
            try header.withUnsafeBytes { try file.append($0) }
            for tensor in tensors { try file.append(tensor.bytes) }
        }
    }
}
