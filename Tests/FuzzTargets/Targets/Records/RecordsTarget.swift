import Foundation
import RunLog

extension FuzzTarget {
    /// A run's directory as the report and the comparison read it: record, metrics and timelines.
    static let records = FuzzTarget("records") { input in
        let folder = RunFiles.folder
        var input = InputReader(input)
        folder.write(input.part(), to: "run.json")
        folder.write(input.part(), to: "metrics.jsonl")
        folder.write(input.rest, to: "timeline.jsonl")
        let directory = RunDirectory(folder.path)
        _ = try directory.metrics()
        _ = RunDivergence(directory, directory)
        _ = try ChromeTrace.json(directory.timelines())
        _ = try directory.record()
    }
}

private enum RunFiles {
    static let folder = ScratchFolder("run")
}
