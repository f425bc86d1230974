/// A comparison of runs: the settings that differ, and the figures side by side.
public struct RunComparison: Codable, Sendable, Equatable {
    public struct Row: Codable, Sendable, Equatable {
        public var name: String
        /// One value per run; nil if the run has none.
        public var values: [String?]
    }

    public var runs: [String]
    public var settings: [Row]
    public var figures: [Row]

    /// Reads and compares runs.
    /// - Parameter index: opens the index of a run.
    public init(_ directories: [RunDirectory], index: (RunDirectory) -> MetricsIndex = { MetricsIndex($0) }) throws {
        let records = try directories.map { try $0.record() }
        runs = directories.map(\.name)
        let flat = records.map(Self.settings)
        let names = flat.reduce(into: Set<String>()) { $0.formUnion($1.keys) }.sorted()
        settings = names.map { name in Row(name: name, values: flat.map { $0[name] }) }
            .filter { row in row.values.contains { $0 != row.values[0] } }
        let columns = zip(directories, records).map { Self.figures($0, $1, index($0)) }
        figures = (columns.first ?? []).indices.map { index in
            Row(name: columns[0][index].0, values: columns.map { $0[index].1 })
        }
    }

    private static func settings(_ record: RunRecord) -> [String: String] {
        var flat: [String: String] = [:]
        flatten(record.configuration, "", into: &flat)
        flat["workers"] = "\(record.workers)"
        flat["data"] = record.dataset_fingerprint
        flat["initialized from"] = record.initialized_from
        flat["instruction set"] = record.versions?.instruction_set
        return flat
    }

    /// Adds every value under its path, such as `network.layers.0.name`.
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

    private static func figures(_ directory: RunDirectory, _ record: RunRecord, _ index: MetricsIndex) -> [(String, String?)] {
        let rows = Dictionary(RunFigures(directory, index).rows.map { ($0.name, $0.value) }) { first, _ in first }
        let names = [
            "steps", "training loss", "validation loss", "top-1 error", "best top-1 error", "images/s (median)", "training time",
        ]
        var figures: [(String, String?)] = [("state", directory.state(record))]
        for name in names { figures.append((name, rows[name])) }
        figures.append(("last digest", rows["digest"]))
        return figures
    }
}
