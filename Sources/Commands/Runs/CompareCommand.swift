import ArgumentParser
import RunLog

/// `colonnade runs compare`: shows how two runs differ.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Shows the settings in which two runs differ, and their figures side by side.")

    @OptionGroup var pair: RunPair
    @Flag(help: "Print JSON.") var json = false

    private struct Row: Encodable {
        let name: String
        let first: String?
        let second: String?

        init(_ row: RunComparison.Row) { (name, first, second) = (row.name, row.values[0], row.values[1]) }
    }

    private struct Document: Encodable {
        let first: String
        let second: String
        let settings: [Row]
        let figures: [Row]
    }

    func run() throws {
        let directories = try pair.directories()
        let comparison = try RunComparison(directories, index: MetricsIndex.withProgress)
        let (settings, figures) = (comparison.settings.map(Row.init), comparison.figures.map(Row.init))
        if json {
            return Terminal.line(
                try Terminal.json(
                    Document(first: directories[0].path, second: directories[1].path, settings: settings, figures: figures)))
        }
        func table(_ rows: [Row], _ title: String) -> String {
            Terminal.table([[title] + comparison.runs] + rows.map { [$0.name, $0.first ?? "-", $0.second ?? "-"] })
        }
        Terminal.line(settings.isEmpty ? "the settings are the same" : table(settings, "setting"))
        Terminal.line("")
        Terminal.line(table(figures, "figure"))
    }
}
