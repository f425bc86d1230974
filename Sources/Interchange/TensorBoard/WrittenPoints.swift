/// The lines of the metrics that have become points, for comparison with a file that replaces the metrics.
struct WrittenPoints {
    struct Point: Equatable {
        let step: Int
        /// The checksum of the whole line.
        let checksum: UInt32
    }

    enum Finding: Equatable {
        /// The point has already been written.
        case written
        /// The point must be written.
        case new
        /// The lines from a step on were removed: their points must be withdrawn, and this one written.
        case removed(fromStep: Int)
        /// Only some of the lines of one step were removed: everything must be withdrawn and written again.
        case inconsistent
    }

    private var points: [Point] = []
    /// How many of the points the current file is known to have. All of them, except while a replacement is being read.
    private var confirmed = 0

    /// Starts the comparison with a file that is read from its beginning.
    mutating func begin() { confirmed = 0 }

    mutating func removeAll() { (points, confirmed) = ([], 0) }

    /// Compares the next point of the file.
    mutating func match(_ point: Point) -> Finding {
        if confirmed < points.count, points[confirmed] == point {
            confirmed += 1
            return .written
        }
        let finding = confirmed < points.count ? removeRest(from: min(point.step, points[confirmed].step)) : .new
        if finding != .inconsistent {
            points.append(point)
            confirmed = points.count
        }
        return finding
    }

    /// Ends the comparison: the file has no further points yet.
    mutating func end() -> Finding {
        confirmed < points.count ? removeRest(from: points[confirmed].step) : .written
    }

    private mutating func removeRest(from step: Int) -> Finding {
        // The lines of a step are usually removed together, but after a crash of the machine one of two may remain.
        if points[..<confirmed].contains(where: { $0.step >= step }) { return .inconsistent }
        points.removeLast(points.count - confirmed)
        return .removed(fromStep: step)
    }
}
