import Foundation
import Platform

/// A sample of a WebDataset archive: the members whose names are the same up to the first dot after the last slash.
struct ShardSample {
    /// The names' common part.
    let key: FilePath
    /// The first image of the sample.
    var image: TarMember?
    /// The class as the sample writes it, a number or a name.
    var label: String?
    /// The offset of the next sample's header.
    var next: Int
}

/// Iterates over the samples of an archive, without reading its images.
struct ShardSamples {
    private static let images: Set<String> = ["jpg", "jpeg", "png", "webp", "ppm", "pgm", "pnm", "bmp", "gif", "img", "image"]
    private static let labels: Set<String> = ["cls", "cls.txt", "label", "label.txt", "class", "class.txt"]
    private static let keys = ["label", "class", "cls", "label_name", "class_name", "class_id", "wnid", "synset"]
    private static let labelLimit = 4096
    private static let jsonLimit = 1 << 20

    var reader: TarReader

    init(_ archive: TarArchive) { reader = TarReader(archive) }

    /// Returns the next sample, or nil at the end.
    /// - Throws: `ImageError` if the archive is damaged. The samples after the damage cannot be read.
    mutating func next() throws(ImageError) -> ShardSample? {
        var sample: ShardSample?
        while true {
            let before = reader.offset
            guard let member = try reader.next() else { return sample }
            guard member.kind == .file, member.path.last.bytes.first != 0x2E else { continue }
            let (key, suffix) = Self.split(member.path)
            if let sample, sample.key != key {
                reader.offset = before
                return sample
            }
            var found = sample ?? ShardSample(key: key, next: member.next)
            found.next = member.next
            if Self.images.contains(suffix) {
                found.image = found.image ?? member
            } else if Self.labels.contains(suffix), member.size <= Self.labelLimit {
                found.label = String(decoding: try reader.archive.read(at: member.offset, count: member.size), as: UTF8.self).trimmed
            } else if suffix == "json", found.label == nil, member.size <= Self.jsonLimit {
                found.label = Self.label(json: try reader.archive.read(at: member.offset, count: member.size))
            }
            sample = found
        }
    }

    /// Returns the path up to the first dot of its last name, and the rest of the name in lower case.
    private static func split(_ path: FilePath) -> (FilePath, String) {
        let name = path.last
        guard let dot = name.bytes.firstIndex(of: 0x2E) else { return (path, "") }
        let folder = path.bytes.dropLast(name.bytes.count)
        return (FilePath(bytes: folder + name.bytes[..<dot]), FileName(bytes: name.bytes[(dot + 1)...]).lowercased)
    }

    private static func label(json: [UInt8]) -> String? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else { return nil }
        for key in keys {
            switch object[key] {
            case let text as String: return text
            case let number as NSNumber: return number.stringValue
            default: continue
            }
        }
        return nil
    }
}
