import Foundation

/// Fencing numbers in a run's files. Of two files that say the same of a run, the one with the higher number is right.
extension RunDirectory {
    /// The files that grow line by line, or record by record.
    package var appendedPaths: [String] { [metricsPath, indexPath, eventsPath, logPath, timelinePath] }

    /// Returns the name under which a coordinator writes a file before it puts it in place.
    package static func partialPath(of path: String, fencing: Int) -> String { "\(path).\(fencing).partial" }

    /// Returns the number in the name of such a file; nil for other names.
    static func fencingOfPartialFile(_ name: String) -> Int? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1] == "json", parts[3] == "partial" else { return nil }
        return Int(parts[2])
    }

    private struct Fencing: Decodable { let fencing: Int? }

    private static func fencing(_ path: String) -> Int {
        content(path).flatMap { try? JSONDecoder().decode(Fencing.self, from: $0).fencing } ?? 0
    }

    /// The fencing number of the coordinator that wrote run.json last; 0 if there is none.
    public var recordedFencing: Int { min(max(0, Self.fencing(recordPath)), 1 << 48) }

    /// Returns the complete checkpoints in the order in which a run uses them: the last is the newest.
    ///
    /// A coordinator that was stopped, and has lost the run meanwhile, may have written a checkpoint of a later step than its successor's. So
    /// the fencing number counts before the step.
    public func checkpointsByFencing() -> [(step: Int, path: String)] {
        checkpoints().map { (fencing: Self.fencing($0.path + "/state.json"), checkpoint: $0) }
            .sorted { ($0.fencing, $0.checkpoint.step) < ($1.fencing, $1.checkpoint.step) }
            .map(\.checkpoint)
    }
}
