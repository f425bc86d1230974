/// Entries that break a rule today. The list may only shrink: a new offender is a problem, and so is an entry that is no longer needed.
struct ShrinkingList: Sendable {
    private let entries: Set<String>

    init(_ entries: [String] = []) { self.entries = Set(entries) }

    /// Compares the list with the offenders that a check found.
    /// - Returns: a sentence for each difference, sorted.
    func problems(_ offenders: Set<String>, _ rule: String) -> [String] {
        offenders.subtracting(entries).sorted().map { "\($0) \(rule)" }
            + entries.subtracting(offenders).sorted().map { "\($0) no longer breaks the rule; remove it from the list" }
    }
}
