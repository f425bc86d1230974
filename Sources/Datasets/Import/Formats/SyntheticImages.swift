import Tensors

/// Packs synthetic images, for measurements without a data set: noise, with cyclic labels.
public enum SyntheticImages {
    /// Packs the images into a new data set at `destination`.
    /// - Throws: the errors of `DatasetImporter.run`. Nothing remains at the destination then.
    public static func pack(
        into destination: String, channels: Int, height: Int, width: Int, classes: Int, train: Int, validation: Int
    ) throws {
        let staging = try StagingDirectory(destination: destination)
        defer { staging.discard() }
        try staging.empty()
        let writer = DatasetWriter(
            directory: staging.path,
            .init(
                name: "made", channels: channels, height: height, width: width,
                classes: (0..<classes).map { "class \($0)" }))
        let draws = RandomDraws(seed: 1)
        var pixels = [UInt8](repeating: 0, count: channels * height * width)
        for (split, count) in [(Split.train, train), (.validation, validation)] {
            try writer.begin(split)
            for image in 0..<count {
                for start in stride(from: 0, to: pixels.count, by: 16) {
                    let words = draws.words(.crop, UInt64(image), UInt64(start))
                    withUnsafeBytes(of: words) { bytes in
                        for i in 0..<min(16, pixels.count - start) { pixels[start + i] = bytes[i] }
                    }
                }
                try pixels.withUnsafeBytes { try writer.append($0, label: image % classes, to: split) }
            }
        }
        _ = try writer.finish()
        try staging.commit()
    }
}
