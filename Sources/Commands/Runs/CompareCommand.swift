import ArgumentParser
import Foundation
import RunLog

/// `colonnade runs compare`: how two runs differ.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Shows two runs' settings where they differ, and their figures side by side.")

    @OptionGroup var pair: RunPair
    @Flag(help: "Print JSON.") var json = false

    private struct Row: Encodable {
        let name: String
        let first: String?
        let second: String?
    }

    private struct Document: Encodable {
        let first: String
        let second: String
        let settings: [Row]
        let figures: [Row]
    }

    func run() throws {
        let directories = try pair.directories()
        let records = try directories.map { try $0.record() }
        let settings = records.map { record in
            var flat: [String: String] = [:]
            Self.flatten(record.configuration, "", into: &flat)
            flat["workers"] = "\(record.workers)"
            flat["data"] = record.dataset_fingerprint
            flat["initialized from"] = record.initialized_from
            flat["instruction set"] = record.versions?.instruction_set
            return flat
        }
        let names = Set(settings[0].keys).union(settings[1].keys).sorted()
        let differing = names.filter { settings[0][$0] != settings[1][$0] }
            .map { Row(name: $0, first: settings[0][$0], second: settings[1][$0]) }
        let figures = try zip(directories, records).map { try Self.figures($0, $1) }
        let rows = figures[0].indices.map {
            Row(name: figures[0][$0].0, first: figures[0][$0].1, second: figures[1][$0].1)
        }
        if json {
            return Terminal.line(
                try Terminal.json(
                    Document(first: directories[0].path, second: directories[1].path, settings: differing, figures: rows)))
        }
        func table(_ rows: [Row], _ title: String) -> String {
            Terminal.table([[title, records[0].name, records[1].name]] + rows.map { [$0.name, $0.first ?? "-", $0.second ?? "-"] })
        }
        Terminal.line(differing.isEmpty ? "the settings are the same" : table(differing, "setting"))
        Terminal.line("")
        Terminal.line(table(rows, "figure"))
    }

    /// `network.layers.0.name` and its value, for every value.
    private static func flatten(_ value: JSONValue, _ path: String, into flat: inout [String: String]) {
        func under(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
        switch value {
        case .object(let fields): for (key, field) in fields { flatten(field, under(key), into: &flat) }
        case .array(let items): for (index, item) in items.enumerated() { flatten(item, under("\(index)"), into: &flat) }
        case .string(let text): flat[path] = text
        case .bool(let flag): flat[path] = flag ? "on" : "off"
        case .integer(let number): flat[path] = "\(number)"
        case .number(let number): flat[path] = "\(Float(number))"
        case .null: break
        }
    }

    private static func figures(_ directory: RunDirectory, _ record: RunRecord) throws -> [(String, String?)] {
        let metrics = try directory.metrics()
        let steps = metrics.compactMap { if case .step(let step) = $0 { step } else { nil } }
        let validations = metrics.compactMap { if case .validation(let line) = $0 { line } else { nil } }
        let speeds = steps.map(\.images_per_second).sorted()
        let best = validations.min { $0.top1_error < $1.top1_error }
        return [
            ("state", record.state.rawValue), ("steps", steps.last.map { "\($0.step)" }),
            ("training loss", steps.last.map { Terminal.fixed($0.loss, 4) }),
            ("validation loss", validations.last.map { Terminal.fixed($0.loss, 4) }),
            ("top-1 error", validations.last.map { Terminal.percent($0.top1_error) }),
            ("best top-1 error", best.map { "\(Terminal.percent($0.top1_error)) at step \($0.step)" }),
            ("images/s (median)", speeds.isEmpty ? nil : Terminal.fixed(speeds[speeds.count / 2], 1)),
            ("training time", steps.isEmpty ? nil : Terminal.duration(steps.reduce(0) { $0 + $1.seconds })),
            ("last digest", steps.last?.digest),
        ]
    }
}
