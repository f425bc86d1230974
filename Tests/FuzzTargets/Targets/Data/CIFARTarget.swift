import Datasets
import Foundation

extension FuzzTarget {
    /// CIFAR-10's files through the whole import: names of classes, then records that every batch has.
    static let cifar = FuzzTarget("cifar", longest: 8192) { input in
        let folder = CIFARFiles.source
        var input = InputReader(input)
        let names = input.part()
        if names.isEmpty { folder.remove("batches.meta.txt") } else { folder.write(names, to: "batches.meta.txt") }
        for batch in 1...5 { folder.write(input.rest, to: "data_batch_\(batch).bin") }
        folder.write(input.rest, to: "test_batch.bin")
        let destination = CIFARFiles.destination("packed")
        defer { CIFARFiles.destination.remove("packed") }
        let report = try DatasetImporter.run(.init(format: .cifar10, source: folder.path, destination: destination)) { _, _, _ in }
        try holds(Dataset(path: destination).verify() == report.manifest.counts.train + report.manifest.counts.validation)
    }
}

private enum CIFARFiles {
    static let source = ScratchFolder("cifar")
    static let destination = ScratchFolder("packed")
}
