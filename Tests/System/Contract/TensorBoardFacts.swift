import Foundation

/// Tags in TensorBoard's event files.
enum TensorBoardFacts {
    /// The fields of Summary.Value that carry values.
    private static let kinds = [2: "scalar", 4: "image", 5: "histogram"]

    /// Returns the kind and name of each tag in the files of a folder.
    static func tags(in folder: String) throws -> Set<String> {
        var tags: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))[...]
            // A record is its length, a checksum of it, the event, and a checksum of that.
            while bytes.count >= 16 {
                let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                for summary in fields(bytes.dropFirst(12).prefix(length)) where summary.number == 5 {
                    for value in fields(summary.bytes) where value.number == 1 {
                        let parts = fields(value.bytes)
                        let tag = parts.first { $0.number == 1 }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
                        for kind in parts.compactMap({ kinds[$0.number] }) { tags.insert("\(kind) \(tag)") }
                    }
                }
                bytes = bytes.dropFirst(16 + length)
            }
        }
        return tags
    }

    /// Returns the fields of a protobuf message. Varints have no bytes here.
    private static func fields(_ message: ArraySlice<UInt8>) -> [(number: Int, bytes: ArraySlice<UInt8>)] {
        var (rest, found) = (message, [(number: Int, bytes: ArraySlice<UInt8>)]())
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 || shift > 56 { break }
            }
            return value
        }
        while !rest.isEmpty {
            let key = varint()
            var count = 0
            switch key & 7 {
            case 0: _ = varint()
            case 1: count = 8
            case 5: count = 4
            default: count = varint()
            }
            found.append((key >> 3, rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return found
    }
}
