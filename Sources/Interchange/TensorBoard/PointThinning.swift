/// Which lines of a long run become points: the first of each of so many equal parts of the run, kind by kind.
package struct PointThinning {
    /// Steps of a part.
    private let stride: Int
    private var last: [String: Int] = [:]

    /// - Parameters:
    ///   - points: the most points of a curve, at least 1.
    ///   - steps: of the whole run.
    package init(points: Int, steps: Int) { stride = (max(1, steps) - 1) / max(1, points) + 1 }

    /// Whether a line of this kind is the first of its part. The same lines are kept however often they are read from
    /// the beginning.
    package mutating func keeps(_ kind: String, step: Int) -> Bool {
        let part = (max(1, step) - 1) / stride
        if let last = last[kind], part <= last { return false }
        last[kind] = part
        return true
    }
}
