import RunLog

extension MetricsIndex {
    /// Returns a run's index, and shows progress if it takes long to build.
    static func withProgress(_ directory: RunDirectory) -> MetricsIndex {
        TaskProgress.show("reading the steps of \(directory.name)") { MetricsIndex(directory, progress: $0) }
    }
}
