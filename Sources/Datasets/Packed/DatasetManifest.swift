import Foundation
import Tensors

/// What `dataset.json` says: shape, classes and statistics of a packed data set.
public struct DatasetManifest: Codable, Sendable, Equatable {
    static let currentVersion = 2
    /// Bounds that keep every product of extents far from overflow.
    static let channelLimit = 64
    static let sideLimit = 4096
    /// Thousands of classes take some hundred kilobytes.
    private static let sizeLimit = 16 << 20

    public let formatVersion: Int
    public let name: String
    public let channels: Int
    /// Rows of a stored image.
    public let height: Int
    /// Columns of a stored image.
    public let width: Int
    public let packing: Packing
    /// The classes' names, by label; synsets for ILSVRC.
    public let classes: [String]
    /// What the classes are called by people, where their names do not say it.
    public let labels: [String]?
    public let counts: SplitCounts
    /// Sixteen hexadecimal digits over labels, pixels' checksums, mean and shape: equal only for equal data.
    public let fingerprint: String
    /// Principal components of the colours; nil unless there are three channels.
    public let colors: ColorComponents?

    /// Bytes of one image's pixels.
    public var pixelBytes: Int { channels * height * width }

    /// The classes as they are shown: `n01440764 tench, Tinca tinca`.
    public var names: [String] { labels.map { zip(classes, $0).map { "\($0) \($1)" } } ?? classes }

    /// The digest that identifies the data, whatever its name and place.
    package func fingerprint(indexes: [UnsafeRawBufferPointer], mean: UnsafeRawBufferPointer) -> String {
        let facts = [formatVersion, channels, height, width, classes.count, counts.train, counts.validation, packing == .raw ? 0 : 1]
        var digests = facts.map { UInt64(truncatingIfNeeded: $0) } + classes.map { Digest.hash(Array($0.utf8)) }
        let colorValues = colors.map { $0.eigenvalues + $0.eigenvectors.flatMap { $0 } } ?? []
        digests += colorValues.map { UInt64($0.bitPattern) }
        digests += indexes.map { Digest.hash($0) }
        digests.append(Digest.hash(mean))
        return Digest.text(Digest.combine(digests.map(\.littleEndian)))
    }

    package func with(fingerprint: String) -> DatasetManifest {
        DatasetManifest(
            formatVersion: formatVersion, name: name, channels: channels, height: height, width: width, packing: packing,
            classes: classes, labels: labels, counts: counts, fingerprint: fingerprint, colors: colors)
    }

    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try Array(encoder.encode(self)) + [0x0A]
    }

    /// Reads and checks a manifest.
    package static func read(path: String) throws -> DatasetManifest {
        struct Version: Decodable { let formatVersion: Int }
        let data = try MappedFile(path: path, limit: sizeLimit, followsLinks: false).withBytes { Data($0) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let manifest: DatasetManifest
        do {
            let version = try decoder.decode(Version.self, from: data).formatVersion
            guard version == currentVersion else {
                throw DatasetError(
                    "\(path): format \(version), but this colonnade reads format \(currentVersion); import the data "
                        + "set again")
            }
            manifest = try decoder.decode(DatasetManifest.self, from: data)
        } catch let error as DatasetError {
            throw error
        } catch {
            throw DatasetError("\(path): not the description of a data set; restore it or import the data set again")
        }
        guard manifest.isSound else {
            throw DatasetError("\(path): impossible sizes or colours; restore it or import the data set again")
        }
        return manifest
    }

    private var isSound: Bool {
        (1...Self.channelLimit).contains(channels) && (1...Self.sideLimit).contains(height)
            && (1...Self.sideLimit).contains(width) && !classes.isEmpty && counts.train > 0 && counts.validation > 0
            && (colors.map { channels == 3 && $0.isSound } ?? true) && (labels.map { $0.count == classes.count } ?? true)
            && (packing == .raw || channels == 3)
    }
}
