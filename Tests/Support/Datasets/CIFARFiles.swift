import Foundation

/// A data set in CIFAR-10's binary format, as it is before its import.
package enum CIFARFiles {
    /// The bytes of an image: 3 × 32 × 32.
    package static let pixels = 3072
    /// The bytes of a record: the label and the image.
    package static let recordSize = 1 + pixels

    /// Writes the files into a folder, which is created.
    /// - Parameters:
    ///   - batches: the records of each training batch.
    ///   - names: the content of the file with the names of the classes.
    package static func write(batches: [[UInt8]], test: [UInt8], names: String, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func write(_ bytes: some Sequence<UInt8>, _ name: String) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        for (number, records) in batches.enumerated() { try write(records, "data_batch_\(number + 1).bin") }
        try write(test, "test_batch.bin")
        try write(names.utf8, "batches.meta.txt")
    }
}
