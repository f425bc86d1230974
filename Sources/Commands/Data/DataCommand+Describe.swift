import ArgumentParser
import Datasets
import Foundation

extension DataCommand {
    /// `colonnade data describe`: shows a data set's contents.
    struct Describe: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a data set's contents.")
        @Argument var directory: String
        @Flag(help: "Print JSON.") var json = false

        /// The most classes whose images are counted line by line.
        private static let listed = 50

        /// The manifest, with the number of images of each class.
        private struct Description: Encodable {
            struct Counts: Encodable {
                let train: [Int]
                let validation: [Int]
            }
            private enum Keys: String, CodingKey { case classCounts }

            let manifest: DatasetManifest
            let counts: ClassCounts

            func encode(to encoder: any Encoder) throws {
                try manifest.encode(to: encoder)
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(Counts(train: counts.train, validation: counts.validation), forKey: .classCounts)
            }
        }

        func run() throws {
            let dataset = try Dataset(path: directory)
            let (manifest, counts) = (dataset.manifest, ClassCounts(dataset))
            if json { return Terminal.line(try Terminal.json(Description(manifest: manifest, counts: counts))) }
            Terminal.line("name         \(manifest.name)")
            let packing = manifest.packing == .raw ? "pixels" : "JPEG"
            Terminal.line("images       \(manifest.channels)×\(manifest.height)×\(manifest.width), stored as \(packing)")
            for split in Split.allCases {
                let label = split.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
                Terminal.line("\(label) \(Terminal.grouped(dataset.count(split)))")
            }
            let shown = manifest.names.prefix(12).joined(separator: ", ")
            Terminal.line("classes      \(manifest.classes.count): \(shown)\(manifest.classes.count > 12 ? ", …" : "")")
            Terminal.line("fingerprint  \(manifest.fingerprint)")
            Terminal.line("")
            Terminal.line(Self.table(manifest, counts))
        }

        /// The images of each class; of many classes, those without an image in a split, and the smallest and the largest.
        private static func table(_ manifest: DatasetManifest, _ counts: ClassCounts) -> String {
            let all = Array(manifest.classes.indices)
            var chosen = all
            if all.count > listed {
                let bySize = all.sorted { (counts.train[$0], $0) < (counts.train[$1], $1) }
                let empty = all.filter { counts.train[$0] == 0 || counts.validation[$0] == 0 }
                chosen = Set(bySize.prefix(5) + bySize.suffix(5) + empty.prefix(listed)).sorted()
            }
            var rows = [["class", "training", "validation"]]
            rows += chosen.map { label in
                ["\(label) \(manifest.names[label])", Terminal.grouped(counts.train[label]), Terminal.grouped(counts.validation[label])]
            }
            let rest = all.count - chosen.count
            return Terminal.table(rows) + (rest > 0 ? "\n\(Terminal.grouped(rest)) more classes; --json counts all" : "")
        }
    }
}
