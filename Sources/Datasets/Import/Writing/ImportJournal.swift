import Foundation
import Glibc
import Platform
import Tensors

/// The saved state of an import in progress, from which the same command resumes after an interruption.
struct ImportJournal: Codable {
    /// The import's source and settings. An import resumes only from a journal of the same identity.
    struct Identity: Codable, Equatable {
        var format: String
        var source: String
        var side: Int
        var packing: Packing
        var classes: [String]
        /// The share and the seed of what is held out for validation; nil if the source has validation images.
        var heldOut: String?
    }

    var identity: Identity
    /// The split being packed, and the position in it.
    var split: Split
    var position: ImagePosition?
    /// Keyed by the name of the split.
    var written: [String: SplitWriter.Progress]
    var skipped: SkippedList.Progress
    /// The XXH3 digest of the statistics file that belongs to this state.
    var statistics: String

    private static let name = "journal.json"
    private static let statisticsNames = ["statistics.0", "statistics.1"]

    static func exists(in directory: String) -> Bool { access("\(directory)/\(name)", F_OK) == 0 }

    /// Saves a state. The previous state stays valid until the new one is complete.
    static func save(
        _ state: ImportJournal, statistics: PixelStatistics, previous: ImportJournal?, in directory: String
    ) throws -> ImportJournal {
        var state = state
        let bytes = statistics.encoded
        state.statistics = Digest.text(Digest.hash(bytes))
        // Two files alternate, so that the statistics of the previous state are not overwritten.
        let slot = previous.flatMap { try? $0.statisticsIndex(in: directory) }.map { 1 - $0 } ?? 0
        try DurableFile.write(bytes, to: "\(directory)/\(statisticsNames[slot])", mode: 0o600)
        try DurableFile.write([UInt8](try JSONEncoder().encode(state)), to: "\(directory)/\(name)", mode: 0o600)
        return state
    }

    private func statisticsIndex(in directory: String) throws -> Int? {
        try Self.statisticsNames.firstIndex { name in
            let path = "\(directory)/\(name)"
            guard access(path, F_OK) == 0 else { return false }
            return try MappedFile(path: path).withBytes { Digest.text(Digest.hash($0)) } == statistics
        }
    }

    /// Returns the journal of an interrupted import with its statistics; nil if there is none.
    /// - Throws: `DatasetError` if the journal is damaged or of another import.
    static func load(
        _ identity: Identity, channels: Int, in directory: String
    ) throws -> (ImportJournal, PixelStatistics)? {
        guard exists(in: directory) else { return nil }
        guard let data = FileManager.default.contents(atPath: "\(directory)/\(name)"),
            let journal = try? JSONDecoder().decode(ImportJournal.self, from: data),
            let index = try journal.statisticsIndex(in: directory),
            let bytes = FileManager.default.contents(atPath: "\(directory)/\(statisticsNames[index])"),
            let statistics = PixelStatistics(
                encoded: [UInt8](bytes), channels: channels, height: identity.side, width: identity.side)
        else { throw DatasetError("\(directory) contains an unfinished import that is damaged; remove it and import again") }
        guard journal.identity == identity else {
            throw DatasetError(
                "\(directory) contains another unfinished import, of \(journal.identity.source); finish it with its own command, "
                    + "or remove the directory")
        }
        return (journal, statistics)
    }

    static func remove(in directory: String) {
        for name in statisticsNames + [name] { unlink("\(directory)/\(name)") }
    }
}

/// The images that were skipped: all of them in a file of the data set, and the first ones in memory too.
final class SkippedList {
    struct Progress: Codable {
        var count: Int
        var bytes: Int
        /// Keyed by `LeftOut`.
        var kinds: [String: Int]?
    }

    static let name = "skipped.tsv"
    private static let memoryLimit = 1000

    private(set) var count = 0
    private(set) var first: [SkippedImage] = []
    private(set) var kinds: [LeftOut: Int] = [:]
    private let file: OutputFile
    private let path: String

    init(directory: String, resuming: Progress?) throws {
        path = "\(directory)/\(Self.name)"
        file = try OutputFile(path: path, keeping: resuming?.bytes)
        guard let resuming, resuming.count > 0 else { return }
        count = resuming.count
        for (name, count) in resuming.kinds ?? [:] { if let kind = LeftOut(rawValue: name) { kinds[kind] = count } }
        let text = try MappedFile(path: path).withBytes { String(decoding: $0.prefix(1 << 20), as: UTF8.self) }
        first = text.split(separator: "\n").prefix(Self.memoryLimit).compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            return parts.count == 2 ? SkippedImage(file: parts[0], reason: parts[1]) : nil
        }
    }

    func append(_ image: SkippedImage, _ kind: LeftOut) throws {
        count += 1
        kinds[kind, default: 0] += 1
        if first.count < Self.memoryLimit { first.append(image) }
        func clean(_ text: String) -> String {
            String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 })
        }
        let line = Array("\(clean(image.file))\t\(clean(image.reason))\n".utf8)
        try line.withUnsafeBytes(file.append)
    }

    func sync() throws -> Progress {
        try file.sync()
        let named = kinds.map { ($0.key.rawValue, $0.value) }
        return Progress(count: count, bytes: file.size, kinds: Dictionary(uniqueKeysWithValues: named))
    }

    /// Completes the file, or removes it if no image was skipped.
    func finish() throws {
        try file.finish()
        if count == 0 { unlink(path) }
    }
}
