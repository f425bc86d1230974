/// Selects the lines of a long run that become points: for each kind, the first line of each of a number of equal parts.
package struct PointThinning {
    /// The steps of one part.
    private let stride: Int
    private var last: [String: Int] = [:]

    /// - Parameters:
    ///   - points: The largest number of points of a curve, at least 1.
    ///   - steps: The steps of the whole run.
    package init(points: Int, steps: Int) { stride = (max(1, steps) - 1) / max(1, points) + 1 }

    /// Returns whether a line is the first of its kind and part. The selection is the same whenever the lines are read from
    /// the beginning.
    package mutating func keeps(_ kind: String, step: Int) -> Bool {
        let part = (max(1, step) - 1) / stride
        if let last = last[kind], part <= last { return false }
        last[kind] = part
        return true
    }
}
