/// Who keeps a run from going on, in one sentence.
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
    /// Who waits because of it, directly or over others.
    package let waiting: [ProcessName]
}
