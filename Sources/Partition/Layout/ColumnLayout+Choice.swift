/// The layouts that a run can change to. Columns and slices stay the same, because the run's bits depend on them; the number of replicas
/// must divide the slices.
extension ColumnLayout {
    /// Returns the layouts with exactly `workers` workers, by ascending number of replicas.
    public static func legal(columns: Int, slices: Int, workers: Int) -> [ColumnLayout] {
        guard workers >= 1, slices >= 1 else { return [] }
        return (1...min(workers, slices)).filter { slices % $0 == 0 }.compactMap {
            try? ColumnLayout(columns: columns, workers: workers, replicas: $0)
        }
    }

    /// Returns the layout that uses the most of the available workers.
    /// - Parameters:
    ///   - available: the number of workers that have joined.
    ///   - replicas: the present number; among layouts of equal size the one with the nearest number is chosen.
    /// - Returns: nil if no worker is available.
    public static func largest(columns: Int, slices: Int, available: Int, replicas: Int) -> ColumnLayout? {
        // With a replica for each slice and a worker for each of its columns, more workers would have nothing to do.
        let (maximum, overflow) = columns.multipliedReportingOverflow(by: slices)
        for workers in stride(from: min(available, overflow ? available : maximum), to: 0, by: -1) {
            let layouts = legal(columns: columns, slices: slices, workers: workers)
            if let best = layouts.min(by: { abs($0.replicas - replicas) < abs($1.replicas - replicas) }) { return best }
        }
        return nil
    }

    /// Describes the possible layouts with up to six numbers of replicas, such as `1 to 4 workers; 2, 4, 6 or 8 in 2 replicas`.
    public static func legalLayouts(columns: Int, slices: Int) -> String {
        (1...max(1, slices)).filter { slices % $0 == 0 }.prefix(6).map { replicas in
            let counts = (1...columns).map { $0 * replicas }
            guard replicas > 1 else { return columns == 1 ? "1 worker" : "1 to \(columns) workers" }
            let leading = counts.dropLast().map(String.init).joined(separator: ", ")
            return (counts.count == 1 ? "\(counts[0])" : "\(leading) or \(counts.last!)") + " in \(replicas) replicas"
        }.joined(separator: "; ")
    }
}

extension ColumnLayout: CustomStringConvertible {
    /// A description such as `4 workers` or `4 workers in 2 replicas`.
    public var description: String {
        "\(workers) \(workers == 1 ? "worker" : "workers")" + (replicas == 1 ? "" : " in \(replicas) replicas")
    }
}
