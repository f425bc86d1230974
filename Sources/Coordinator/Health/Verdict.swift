/// A judgement which process or connection keeps a run from continuing.
package struct Verdict: Equatable, Sendable {
    package enum Culprit: Hashable, Sendable {
        /// The process is hung, or cannot be reached.
        case process(ProcessName)
        /// What one process has sent does not reach the other.
        case connection(from: ProcessName, to: ProcessName)
    }

    package let culprit: Culprit
    package let sentence: String
    /// Seconds after which it was judged, from the culprit's own history.
    package let deadline: Double
    /// The processes that wait because of it, directly or through others.
    package let waiting: [ProcessName]
}
