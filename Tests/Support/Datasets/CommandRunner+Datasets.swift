import Foundation

extension CommandRunner {
    /// Packs a small synthetic data set in CIFAR-10's format: noise around a colour for each of ten classes, and 50 validation images.
    /// - Parameter images: the number of training images.
    /// - Returns: the path of the packed data set. The unpacked one is beside it, with the suffix `-source`.
    package func makeData(_ name: String = "data", images: Int = 300, seed: UInt64 = 1) throws -> String {
        var generator = SeededGenerator(seed: seed)
        func records(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count * CIFARFiles.recordSize)
            for image in 0..<count {
                bytes.append(UInt8(image % 10))
                for place in 0..<CIFARFiles.pixels {
                    let base = (image % 10) * 20 + (place / 1024) * 13
                    bytes.append(UInt8(base + Int(generator.next() % 40)))
                }
            }
            return bytes
        }
        let batches = (0..<5).map { _ in records(images / 5) }
        let names = (0..<10).map { "class\($0)" }.joined(separator: "\n")
        let source = path("\(name)-source")
        try CIFARFiles.write(batches: batches, test: records(50), names: names, to: source)
        try run("data", "import", "--format", "cifar10", source, path(name))
        return path(name)
    }

    /// Packs synthetic images that have the size of photographs: three for training and one for validation of each class.
    /// - Returns: the path of the packed data set. The unpacked one is beside it, with the suffix `-source`.
    package func makePhotographs(_ name: String = "photographs", side: Int = 256, classes: Int = 2) throws -> String {
        for (folder, count) in [("train", 3), ("val", 1)] {
            for label in 0..<classes {
                let source = path("\(name)-source/\(folder)/class\(label)")
                try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
                for image in 0..<count {
                    // PNM needs no encoder.
                    var data = Data("P6 \(side) \(side) 255\n".utf8)
                    for place in 0..<side * side {
                        let (x, y) = (place % side, place / side)
                        data.append(UInt8(truncatingIfNeeded: x &* (label + 1) &+ image &* 31))
                        data.append(UInt8(truncatingIfNeeded: y &* (image + 2)))
                        data.append(UInt8(truncatingIfNeeded: x ^ y))
                    }
                    try data.write(to: URL(fileURLWithPath: "\(source)/\(image).ppm"))
                }
            }
        }
        try run("data", "import", "--format", "imagefolder", path("\(name)-source"), path(name))
        return path(name)
    }
}
