/// How long to wait before something is tried again that has failed several times in a row.
enum Backoff {
    /// - Parameter inARow: failures so far.
    static func seconds(_ inARow: Int) -> Double { min(30, 0.5 * Double(1 << min(inARow, 6))) }
}
