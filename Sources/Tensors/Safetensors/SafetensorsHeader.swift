import Foundation

/// The header of a safetensors file: names, types, shapes and byte offsets.
/// Format: https://github.com/huggingface/safetensors#format
struct SafetensorsHeader: Codable {
    struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    var tensors: [String: Entry]
    var metadata: [String: String]

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(tensors: [String: Entry], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        tensors = [:]
        metadata = [:]
        for key in container.allKeys {
            if key.stringValue == "__metadata__" {
                metadata = try container.decode([String: String].self, forKey: key)
            } else {
                tensors[key.stringValue] = try container.decode(Entry.self, forKey: key)
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        if !metadata.isEmpty { try container.encode(metadata, forKey: Key("__metadata__")) }
        for (name, entry) in tensors { try container.encode(entry, forKey: Key(name)) }
    }
}

/// A safetensors file that cannot be read, or lacks the tensor asked for.
public struct SafetensorsError: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ path: String, _ reason: String) { description = "\(path): \(reason)" }
}
