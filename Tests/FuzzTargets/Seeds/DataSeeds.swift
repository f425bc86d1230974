import CZlib
import Datasets
import Fixtures
import Foundation
import Tensors

/// Data sets, packed and as they are distributed.
enum DataSeeds {
    private static let scratch = ScratchFolder("seeds")

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func datasets() throws -> [(String, [UInt8])] {
        let records = (0..<3).map { number in [UInt8](repeating: UInt8(number), count: 12) }
        let entries = records.indices.flatMap { number in
            RecordIndex.entry(offset: 12 * number, length: 12, label: number % 2, checksum: Digest.hash(records[number]))
        }
        let raw = """
            {"channels":3,"classes":["a","b"],"colors":{"eigenvalues":[1,0.5,0.1],"eigenvectors":[[1,0,0],[0,1,0],[0,0,1]]},\
            "counts":{"train":3,"validation":2},"fingerprint":"","format_version":2,"height":2,"name":"n","packing":"raw","width":2}
            """
        let image = ImageSeeds.jpeg(side: 8)
        let entry = RecordIndex.entry(offset: 0, length: image.count, label: 0, checksum: Digest.hash(image))
        let packed = """
            {"channels":3,"classes":["a"],"labels":["tench"],"counts":{"train":1,"validation":1},"fingerprint":"",\
            "format_version":2,"height":8,"name":"n","packing":"jpeg","width":8}
            """
        return [
            (
                "raw",
                [1] + InputReader.part(text(raw)) + InputReader.part(entries) + InputReader.part(Array(entries.prefix(48)))
                    + records.flatMap { $0 }
            ),
            ("jpeg", [1] + InputReader.part(text(packed)) + InputReader.part(entry) + InputReader.part(entry) + image),
        ]
    }

    static func safetensors() throws -> [(String, [UInt8])] {
        let path = scratch("model.safetensors")
        try [Float](arrayLiteral: 1, 2, 3, 4, 5, 6).withUnsafeBytes { floats in
            try [Int64](arrayLiteral: 7, -8).withUnsafeBytes { integers in
                try SafetensorsWriter.write(
                    [
                        SafetensorsTensor(name: "mean", shape: Shape(1, 2, 3), bytes: floats),
                        SafetensorsTensor(name: "b", type: .int64, shape: Shape(2), bytes: integers),
                    ], metadata: ["colonnade.classes": "[\"a\",\"b\"]"], to: path)
            }
        }
        let small = try Data(contentsOf: URL(fileURLWithPath: path))
        let model = try Data(contentsOf: URL(fileURLWithPath: try CheckpointFiles.path.get() + "/model.safetensors"))
        return [("integers", Array(small)), ("model", Array(model))]
    }

    private static func gzipped(_ bytes: [UInt8]) -> [UInt8] {
        let path = scratch("file.gz")
        guard let file = gzopen(path, "wb") else { return [] }
        gzwrite(file, bytes, UInt32(bytes.count))
        gzclose(file)
        return [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data())
    }

    static var gzip: [(String, [UInt8])] {
        // 32 pieces of 16 × 255 + 1 bytes, or of one byte, and then the end.
        [("plain", [UInt8](repeating: 0, count: 32)), ("zipped", gzipped(Array(0..<32)) + [0])]
    }

    static var idx: [(String, [UInt8])] {
        let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2] + Array(0..<12)
        return [
            ("pictures", images + [1]), ("labels", [0, 0, 8, 1, 0, 0, 0, 2, 5, 6] + [0]),
            ("zipped", gzipped(images) + [1]),
        ]
    }

    static var cifar: [(String, [UInt8])] {
        let record = [3] + [UInt8](repeating: 90, count: 3072)
        let names = (0..<10).map { "thing \($0)" }.joined(separator: "\n")
        return [("standard", InputReader.part([]) + record), ("named", InputReader.part(text(names)) + record + record)]
    }

    static var archives: [(String, [UInt8])] {
        let inner = TarMaker.tar([("n01440764_1.JPEG", Array(0..<20)), ("b", [])])
        return [
            ("nested", [1] + TarMaker.tar([("n01440764.tar", inner)])),
            ("long", [1] + TarMaker.tar([(String(repeating: "long", count: 30), [1])])),
            ("pax", [1] + TarMaker.pax(path: "renamed.JPEG") + TarMaker.tar([("x", [1, 2, 3])])),
            ("link", [0] + TarMaker.member("l", text("../../etc/passwd"), type: "2") + TarMaker.tar([("x", [1])])),
        ]
    }

    static var devkits: [(String, [UInt8])] {
        var header = [UInt8](repeating: 0x20, count: 124) + [0, 1] + text("IM")
        header[0] = 0x4D
        func element(_ kind: UInt8, _ data: [UInt8]) -> [UInt8] {
            [kind, 0, 0, 0] + [UInt8(data.count & 0xFF), UInt8(data.count >> 8), 0, 0] + data
                + [UInt8](repeating: 0, count: (8 - data.count % 8) % 8)
        }
        func matrix(_ type: UInt8, _ extents: [UInt8], name: String, _ content: [UInt8]) -> [UInt8] {
            element(
                14,
                element(6, [type, 0, 0, 0, 0, 0, 0, 0]) + element(5, extents.flatMap { [$0, 0, 0, 0] })
                    + element(1, text(name)) + content)
        }
        let number = matrix(6, [1, 1], name: "", element(9, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]))
        let synset = matrix(4, [1, 9], name: "", element(16, text("n01440764")))
        let words = matrix(4, [1, 2], name: "", element(4, [0x74, 0, 0x65, 0]))
        let names = ["ILSVRC2012_ID", "WNID", "words"].flatMap { text($0) + [UInt8](repeating: 0, count: 16 - $0.utf8.count) }
        let table = matrix(2, [1, 1], name: "synsets", element(5, [16, 0, 0, 0]) + element(1, names) + number + synset + words)
        return [("plain", [0] + header + table), ("compressed", [1] + header + table)]
    }

    static let truths: [(String, [UInt8])] = [
        (
            "numbers",
            InputReader.part(text("n01440764 449 tench\nn02119789 1 kit_fox\n"))
                + text("ILSVRC2012_val_0002.JPEG") + text("449\n1\n1\n")
        ),
        (
            "names",
            InputReader.part(text("n01440764 tench, Tinca tinca\n"))
                + text("ILSVRC2012_val_0002.JPEG") + text("ILSVRC2012_val_0002,n01440764 1 2 3 4\n")
        ),
    ]
}
