/// Which layouts a run can change to. Its bits are those of `slices`, so replicas have to divide them; columns and slices stay.
extension ColumnLayout {
    /// The layouts of exactly so many workers, by replicas.
    public static func legal(columns: Int, slices: Int, workers: Int) -> [ColumnLayout] {
        guard workers >= 1, slices >= 1 else { return [] }
        return (1...min(workers, slices)).filter { slices % $0 == 0 }.compactMap {
            try? ColumnLayout(columns: columns, workers: workers, replicas: $0)
        }
    }

    /// The layout of the most workers, of those that are there.
    /// - Parameters:
    ///   - available: workers that are there.
    ///   - replicas: those before; among layouts of as many workers the one with as many replicas, or nearly as many, is taken.
    /// - Returns: nil where nobody is there.
    public static func largest(columns: Int, slices: Int, available: Int, replicas: Int) -> ColumnLayout? {
        // Every slice's own replica, and every column's own worker: more have nothing to do.
        let (most, overflow) = columns.multipliedReportingOverflow(by: slices)
        for workers in stride(from: min(available, overflow ? available : most), to: 0, by: -1) {
            let layouts = legal(columns: columns, slices: slices, workers: workers)
            if let best = layouts.min(by: { abs($0.replicas - replicas) < abs($1.replicas - replicas) }) { return best }
        }
        return nil
    }

    /// `1 to 4 workers; 2, 4, 6 or 8 in 2 replicas`
    public static func legalWords(columns: Int, slices: Int) -> String {
        (1...max(1, slices)).filter { slices % $0 == 0 }.prefix(6).map { replicas in
            let counts = (1...columns).map { $0 * replicas }
            guard replicas > 1 else { return columns == 1 ? "1 worker" : "1 to \(columns) workers" }
            let list = counts.count == 1 ? "\(counts[0])" : counts.dropLast().map(String.init).joined(separator: ", ") + " or \(counts.last!)"
            return "\(list) in \(replicas) replicas"
        }.joined(separator: "; ")
    }

    /// `4 workers`, `4 workers in 2 replicas`
    public var words: String {
        "\(workers) \(workers == 1 ? "worker" : "workers")" + (replicas == 1 ? "" : " in \(replicas) replicas")
    }
}
