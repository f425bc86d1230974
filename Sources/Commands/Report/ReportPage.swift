import Analysis
import Foundation
import RunLog

/// The page of `runs report`: one file without scripts that works offline, in light and dark mode, and on a phone.
struct ReportPage {
    let record: RunRecord
    let metrics: MetricsIndex
    let figures: RunFigures
    /// The step of the checkpoint that is shown.
    var step: Int?
    var gallery: KernelGallery?
    var findings: ImageFindings?
    var notes: [String] = []

    init(record: RunRecord, metrics: MetricsIndex, figures: RunFigures) {
        (self.record, self.metrics, self.figures) = (record, metrics, figures)
    }

    var html: String {
        let name = LineChart.escaped(record.name)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(name) – Colonnade</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>\(name)</h1>
            <p>\(state)</p>
            \(notes.map { "<p class=\"note\">\(LineChart.escaped($0))</p>" }.joined(separator: "\n"))
            <section><h2>Figures</h2>\(figureTable)</section>
            <section><h2>Curves</h2>\(curves)</section>
            \(kernels)
            \(guesses)
            \(nearest)
            </main>
            </body>
            </html>

            """
    }

    private var state: String {
        let reason = record.reason.map { ": \($0)" } ?? ""
        return LineChart.escaped("\(record.state.rawValue)\(reason); started \(record.started)")
    }

    private var figureTable: String {
        let rows = figures.rows.map { row in
            "<tr><th scope=\"row\">\(LineChart.escaped(row.name))</th><td>\(LineChart.escaped(row.value))</td></tr>"
        }
        return "<div class=\"wide\"><table class=\"figures\">\(rows.joined())</table></div>"
    }

    // MARK: Curves

    private var curves: String {
        var losses: [(x: Double, y: Double)] = []
        var (validationLosses, top1, top5) = (losses, losses, losses)
        var marks: [(x: Double, label: String)] = []
        var lastRate = 0.0
        losses.reserveCapacity(metrics.count)
        metrics.forEach { entry in
            let x = Double(entry.step)
            switch entry.kind {
            case .step:
                losses.append((x, entry.figures[0]))
                let rate = entry.figures[1]
                if rate < 0.5 * lastRate { marks.append((x, "rate \(Float(rate))")) }
                lastRate = rate
            case .validation:
                validationLosses.append((x, entry.figures[0]))
                top1.append((x, 100 * entry.figures[1]))
                top5.append((x, 100 * entry.figures[2]))
            case .norms, .other: break
            }
        }
        var loss = LineChart(
            title: "Loss", xLabel: "step", yLabel: "cross-entropy",
            lines: [
                .init("training, each step", losses, isBackground: true), .init("training, smoothed", LineChart.smoothed(losses)),
                .init("validation", validationLosses),
            ])
        var error = LineChart(title: "Validation error", xLabel: "step", yLabel: "per cent", lines: [.init("top-1", top1)])
        if FigureText.showsTop5(classes: record.classes) { error.lines.append(.init("top-5", top5)) }
        (loss.marks, error.marks) = (marks, marks)
        return [loss, error].map(Self.drawn).joined()
    }

    /// A chart twice, of which the page shows the one that fits: letters that shrank with a chart could not be read on a phone.
    private static func drawn(_ chart: LineChart) -> String {
        var narrow = chart
        narrow.width = 360
        return "<div class=\"broad\">\(chart.svg)</div><div class=\"narrow\">\(narrow.svg)</div>"
    }

    // MARK: What it has learned

    private var kernels: String {
        guard let gallery else { return "" }
        let columns = gallery.columns.enumerated().map { index, column in
            let selectivity =
                column.colorSelectivity.map {
                    "colour-selectivity \(String(format: "%.2f", $0)); \(column.colorKernels) of \(column.kernels) kernels above 0.5"
                } ?? "\(column.kernels) kernels"
            return """
                <figure><img class="kernels" src="\(column.imageURI)" style="--pixels: \(column.width)" alt="Kernels of column \(index)">
                <figcaption>Column \(index): \(selectivity)</figcaption></figure>
                """
        }
        let meaning =
            gallery.columns.first?.colorSelectivity == nil
            ? ""
            : " Selectivity is the share of a kernel's energy that differs between red, green and blue: 0 ignores colour, 1 responds to "
                + "nothing else."
        return """
            <section><h2>First layer</h2>
            <p>The kernels of \(LineChart.escaped(gallery.layer)) (\(gallery.size)×\(gallery.size)) at step \(step ?? 0), \
            each scaled by its largest weight.\(meaning)</p>
            \(columns.joined(separator: "\n"))</section>
            """
    }

    private var guesses: String {
        guard let findings, !findings.judged.isEmpty else { return "" }
        let cards = findings.judged.map { judged in
            let rows = judged.guesses.map { guess in
                let isRight = guess.name == judged.label
                let percent = String(format: "%.1f", 100 * guess.probability)
                return """
                    <li class="\(isRight ? "right" : "other")"><span class="bar" style="width: \(percent)%"></span>
                    <span class="word">\(LineChart.escaped(guess.name))\(isRight ? " ✓" : "")</span>\
                    <span class="value">\(percent) %</span></li>
                    """
            }
            return """
                <article><img src="\(judged.image)" alt="\(LineChart.escaped(judged.label))"><h3>\(LineChart.escaped(judged.label))</h3>
                <ol>\(rows.joined())</ol></article>
                """
        }
        return """
            <section><h2>Guesses</h2>
            <p>Validation images with their class, and the network's best guesses.</p>
            <div class="cards">\(cards.joined(separator: "\n"))</div></section>
            """
    }

    private var nearest: String {
        guard let findings, !findings.neighbors.isEmpty else { return "" }
        let rows = findings.neighbors.map { found in
            let cells = found.nearest.map { neighbor in
                """
                <figure><img src="\(neighbor.image)" alt="\(LineChart.escaped(neighbor.label))">
                <figcaption>\(LineChart.escaped(neighbor.label)), \(String(format: "%.1f", neighbor.distance))</figcaption></figure>
                """
            }
            return """
                <div class="row"><figure class="query"><img src="\(found.image)" alt="\(LineChart.escaped(found.label))">
                <figcaption>\(LineChart.escaped(found.label))</figcaption></figure>\(cells.joined())</div>
                """
        }
        return """
            <section><h2>Neighbours</h2>
            <p>Left, a validation image; then the training images (of \(findings.searched) searched) \
            whose last hidden activations are nearest, with their Euclidean distance.</p>
            \(rows.joined(separator: "\n"))</section>
            """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1c1c1c; --paper: #ffffff; --soft: #f1f1ee; --line: #d5d5d0;
          --bar: #b9d6ec; --right: #b5dfc9; }
        @media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #161616; --soft: #242424; --line: #3c3c3c;
          --bar: #1d4664; --right: #1c5540; }
          .chart path[stroke="#0072b2"] { stroke: #5ab4e8; } .chart path[stroke="#b84f00"] { stroke: #f0954a; }
          .chart path[stroke="#007a5a"] { stroke: #3fc79a; } }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
        h1 { font-size: 1.6rem; margin: 1rem 0 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: .5rem 0; }
        .note { background: var(--soft); padding: .5rem .75rem; border-left: 4px solid var(--line); }
        .wide { overflow-x: auto; } .narrow { display: none; } .figures { border-collapse: collapse; }
        .figures th { text-align: left; font-weight: 500; padding: .15rem 1.5rem .15rem 0; white-space: nowrap; vertical-align: top; }
        .figures td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        .chart { width: 100%; height: auto; display: block; margin: .5rem 0 1rem; }
        figure { margin: 0; } figcaption { font-size: .85rem; overflow-wrap: anywhere; }
        .kernels { width: min(100%, calc(var(--pixels) * 5px)); image-rendering: pixelated; background: #fff; margin-top: .75rem; }
        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
        article { background: var(--soft); padding: .75rem; }
        article img, .row img { width: 100%; aspect-ratio: 1; object-fit: cover; image-rendering: auto; display: block; }
        ol { list-style: none; margin: 0; padding: 0; font-size: .85rem; }
        li { position: relative; display: flex; justify-content: space-between; gap: .5rem; padding: .15rem .35rem; margin-top: .2rem; }
        .bar { position: absolute; inset: 0 auto 0 0; background: var(--bar); z-index: 0; } .right .bar { background: var(--right); }
        .right .word { font-weight: 600; }
        .word, .value { position: relative; } .word { overflow-wrap: anywhere; }
        .value { font-variant-numeric: tabular-nums; white-space: nowrap; }
        .row { display: grid; grid-template-columns: repeat(7, minmax(5rem, 1fr)); gap: .5rem; overflow-x: auto; margin-bottom: 1rem; }
        .query { border-right: 3px solid var(--line); padding-right: .5rem; }
        @media (max-width: 38rem) { .broad { display: none; } .narrow { display: block; }
          .figures th { padding-right: .75rem; white-space: normal; }
          .row { grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); } }
        """
}
