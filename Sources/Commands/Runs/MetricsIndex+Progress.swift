import RunLog

extension MetricsIndex {
    /// A run's index; where it has to be made of very many lines, that is shown.
    static func shown(_ directory: RunDirectory) -> MetricsIndex {
        TaskProgress.show("reading the steps of \(directory.name)") { MetricsIndex(directory, progress: $0) }
    }
}
