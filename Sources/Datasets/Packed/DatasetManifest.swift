import Foundation
import Tensors

/// The content of `dataset.json`: shape, classes and statistics of a packed data set.
public struct DatasetManifest: Codable, Sendable, Equatable {
    static let currentVersion = 2
    /// Bounds that keep every product of extents from overflowing.
    static let channelLimit = 64
    static let sideLimit = 4096
    /// Generous: thousands of classes take some hundred kilobytes.
    private static let sizeLimit = 16 << 20

    public let formatVersion: Int
    public let name: String
    public let channels: Int
    /// The rows of a stored image.
    public let height: Int
    /// The columns of a stored image.
    public let width: Int
    public let packing: Packing
    /// The names of the classes by label; for ILSVRC they are synsets.
    public let classes: [String]
    /// Human-readable names of the classes, where `classes` does not already have them.
    public let labels: [String]?
    public let counts: SplitCounts
    /// A digest of labels, checksums of pixels, mean and shape, as sixteen hexadecimal digits. Equal only for equal data.
    public let fingerprint: String
    /// The principal components of the colours; nil unless there are three channels.
    public let colors: ColorComponents?

    /// The number of bytes of one image's pixels.
    public var pixelBytes: Int { channels * height * width }

    /// The classes as they are displayed: `n01440764 tench, Tinca tinca`.
    public var names: [String] { labels.map { zip(classes, $0).map { "\($0) \($1)" } } ?? classes }

    /// Returns the digest that identifies the data, independent of its name and path.
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

    /// Reads and validates a manifest.
    /// - Throws: `DatasetError` if the file is missing, of another format version, or invalid.
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
                    "\(path): has format \(version), but this colonnade reads format \(currentVersion); import the data set "
                        + "again")
            }
            manifest = try decoder.decode(DatasetManifest.self, from: data)
        } catch let error as DatasetError {
            throw error
        } catch {
            throw DatasetError("\(path): is not a valid description of a data set; restore it or import the data set again")
        }
        guard manifest.isValid else {
            throw DatasetError("\(path): has invalid sizes or colours; restore it or import the data set again")
        }
        return manifest
    }

    private var isValid: Bool {
        (1...Self.channelLimit).contains(channels) && (1...Self.sideLimit).contains(height)
            && (1...Self.sideLimit).contains(width) && !classes.isEmpty && counts.train > 0 && counts.validation > 0
            && (colors.map { channels == 3 && $0.isValid } ?? true) && (labels.map { $0.count == classes.count } ?? true)
            && (packing == .raw || channels == 3)
    }
}
