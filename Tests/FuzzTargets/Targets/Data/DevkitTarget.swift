import CZlib
import Datasets

extension FuzzTarget {
    /// A devkit's meta.mat. With the first bit set, the elements lie in a compressed one, as MATLAB writes them.
    static let mat = FuzzTarget("mat") { input in
        var input = InputReader(input)
        let compresses = input.number(UInt8.self) & 1 != 0
        var file = Array(input.rest)
        if compresses, file.count > 128 { file = Array(file[..<128]) + compressed(Array(file[128...])) }
        _ = try MATFile.variables(file, path: "meta.mat")
        _ = try SynsetTable(path: DevkitFiles.folder.write(file, to: "meta.mat"))
    }

    /// The names of the synsets and the classes of the validation images, as text.
    static let truth = FuzzTarget("truth") { input in
        var input = InputReader(input)
        let synsets = try SynsetTable(path: DevkitFiles.folder.write(input.part(), to: "synsets.txt"))
        let classes = ["n01440764", "n02119789"]
        if let words = synsets.words(for: classes) { holds(words.count == classes.count) }
        let name = String(decoding: input.take(24), as: UTF8.self)
        let truth = try GroundTruth(
            path: DevkitFiles.folder.write(input.rest, to: "truth.txt"), classes: classes, synsets: synsets)
        if case .success(let label) = truth.label(of: name) { holds(classes.indices.contains(label)) }
    }

    private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(UInt(bytes.count))
        let data = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
            compress2(buffer.baseAddress, &length, bytes, UInt(bytes.count), 1)
            count = Int(length)
        }
        let size = UInt32(data.count)
        return [15, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + data
    }
}

private enum DevkitFiles {
    static let folder = ScratchFolder("devkit")
}
