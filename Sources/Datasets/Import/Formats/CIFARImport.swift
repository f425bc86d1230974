import Foundation
import Platform

/// Imports the binary version of CIFAR-10: records of a label byte and 32×32 pixels, planar RGB.
enum CIFARImport {
    private static let side = 32
    private static let recordSize = 1 + 3 * side * side
    private static let classCount = 10
    private static let standardClasses = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]

    static func run(source: FilePath, target: ImportTarget) throws -> ImportReport {
        let writer = target.writer(channels: 3, height: side, width: side, classes: try classes(source))
        let names = [Split.train: (1...5).map { "data_batch_\($0).bin" }, .validation: ["test_batch.bin"]]
        for split in Split.allCases {
            let files = try (names[split] ?? []).map { try open(source.appending($0), source: source) }
            let total = files.reduce(0) { $0 + $1.bytes.count / recordSize }
            try writer.begin(split)
            for file in files {
                try file.withBytes { bytes in try copy(bytes, file.path, split, to: writer, total: total, target) }
            }
        }
        return ImportReport(manifest: try writer.finish(), skipped: [], skippedCount: 0)
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer, _ path: String, _ split: Split, to writer: DatasetWriter, total: Int,
        _ target: ImportTarget
    ) throws {
        for index in 0..<bytes.count / recordSize {
            let record = UnsafeRawBufferPointer(rebasing: bytes[index * recordSize..<(index + 1) * recordSize])
            guard record[0] < classCount else {
                throw DatasetError(
                    "\(path): record \(index) has label \(record[0]), but there are \(classCount) classes; download it again")
            }
            try writer.append(UnsafeRawBufferPointer(rebasing: record[1...]), label: Int(record[0]), to: split)
            target.report(split, writer.count(split), fraction: Double(writer.count(split)) / Double(total))
        }
    }

    private static func open(_ path: FilePath, source: FilePath) throws -> MappedFile {
        guard FolderListing.isRegularFile(path) else {
            throw DatasetError("\(path.shown) is missing; unpack the binary version of CIFAR-10 into \(source.shown)")
        }
        let file = try MappedFile(path: path)
        guard file.bytes.count % recordSize == 0 else {
            throw DatasetError(
                "\(path.shown): its size of \(file.bytes.count) bytes is not a multiple of \(recordSize); unpack the binary "
                    + "version of CIFAR-10 again")
        }
        return file
    }

    /// Returns the names in `batches.meta.txt`, or the standard names if that file is missing.
    private static func classes(_ source: FilePath) throws -> [String] {
        let path = source.appending("batches.meta.txt")
        guard FolderListing.isRegularFile(path) else { return standardClasses }
        let text = try MappedFile(path: path, limit: 1 << 20).withBytes { String(decoding: $0, as: UTF8.self) }
        let lines = text.split(whereSeparator: \.isNewline)
        let names = lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard names.count == classCount else {
            throw DatasetError("\(path.shown): has \(names.count) names instead of \(classCount); unpack it again or remove it")
        }
        return names
    }
}
