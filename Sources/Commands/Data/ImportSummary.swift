import Datasets

/// The lines that end an import: what was recognized, what was left out, and a table of images by split.
struct ImportSummary {
    private static let listed = 20
    private static let named = 10

    let lines: [String]

    init(_ report: ImportReport, destination: String) {
        var lines = report.skipped.prefix(Self.listed).map { "skipped \($0.file): \($0.reason)" }
        if report.skippedCount > lines.count {
            lines.append("\(Terminal.grouped(report.skippedCount - lines.count)) more in \(destination)/skipped.tsv")
        }
        if !report.layout.isEmpty { lines.append("recognized \(report.layout)") }
        lines += report.notes
        let names = report.manifest.classes
        for (split, title) in [(Split.train, "training"), (.validation, "validation")] {
            let empty = report.classCounts.empty(split).map { names[$0] }
            guard !empty.isEmpty else { continue }
            let more = empty.count > Self.named ? " and \(Terminal.grouped(empty.count - Self.named)) more" : ""
            let subject = empty.count == 1 ? "1 class has" : "\(Terminal.grouped(empty.count)) classes have"
            lines.append("\(subject) no \(title) image: \(empty.prefix(Self.named).joined(separator: ", "))\(more)")
        }
        lines.append(Self.table(report))
        self.lines = lines
    }

    private static func table(_ report: ImportReport) -> String {
        func row(_ title: String, _ figure: (Split) -> Int) -> [String] {
            [title, Terminal.grouped(figure(.train)), Terminal.grouped(figure(.validation))]
        }
        var rows = [
            ["", "training", "validation"], row("images") { report.manifest.counts[$0] },
            row("classes with images") { split in report.classCounts[split].filter { $0 > 0 }.count },
        ]
        let leftOut = LeftOut.allCases.filter { report.leftOut[$0, default: 0] > 0 }
        rows += leftOut.map { ["left out: \($0.title)", "", Terminal.grouped(report.leftOut[$0, default: 0])] }
        return Terminal.table(rows)
    }
}
