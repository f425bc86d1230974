/// Which lines of the metrics have become points, so that a file that replaces the metrics can be held against them.
struct WrittenPoints {
    struct Point: Equatable {
        let step: Int
        /// Of the whole line.
        let checksum: UInt32
    }

    enum Finding: Equatable {
        /// The point is written already.
        case known
        /// It is to be written.
        case new
        /// What was written from a step on is not there any more; it is to be withdrawn, and the point written.
        case gone(fromStep: Int)
        /// So it is, but of one step one line is there and another is not: everything is to be withdrawn and written anew.
        case torn
    }

    private var points: [Point] = []
    /// How many of them the file has that is read now; all, but while one is read that replaced another.
    private var confirmed = 0

    /// Another file is read from its beginning.
    mutating func begin() { confirmed = 0 }

    mutating func removeAll() { (points, confirmed) = ([], 0) }

    /// The next point of the file.
    mutating func meet(_ point: Point) -> Finding {
        if confirmed < points.count, points[confirmed] == point {
            confirmed += 1
            return .known
        }
        let finding = confirmed < points.count ? removeRest(from: min(point.step, points[confirmed].step)) : .new
        if finding != .torn {
            points.append(point)
            confirmed = points.count
        }
        return finding
    }

    /// The file has no further point by now.
    mutating func end() -> Finding {
        confirmed < points.count ? removeRest(from: points[confirmed].step) : .known
    }

    private mutating func removeRest(from step: Int) -> Finding {
        // Lines of one step stay or go together, or nearly so: a machine that went down may have kept one of two.
        if points[..<confirmed].contains(where: { $0.step >= step }) { return .torn }
        points.removeLast(points.count - confirmed)
        return .gone(fromStep: step)
    }
}
