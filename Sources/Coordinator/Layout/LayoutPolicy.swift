package import Partition

/// Decides whether the layout is to change at the next boundary between steps, and to which. No sockets and no clock of its own:
/// counts of workers and times in, decisions out.
package struct LayoutPolicy: Sendable {
    package enum Decision: Equatable, Sendable {
        case stay
        /// Stay, and ask again then: spares are there that are taken in together with those that follow soon.
        case ask(at: Double)
        /// Who leaves is replaced where the layout is the same.
        case change(ColumnLayout)
        /// What was asked for is not possible any more.
        case drop(String)
        /// Nobody would be left.
        case stop
    }

    private let columns: Int
    private let slices: Int
    /// Whether spares are taken in beyond the workers that were asked for.
    private let isElastic: Bool
    /// Seconds between two changes for the sake of spares, and from the first of them to the change.
    private let interval: Double
    /// Workers that were asked for, at the start or since. Where there are fewer because some have left, spares take their places.
    private var requested: Int
    /// The layout that a person has requested, until it is in effect.
    package private(set) var wanted: ColumnLayout?
    private var lastChange = -Double.infinity
    private var sparesSince: Double?

    /// - Parameters:
    ///   - requested: workers that the run starts with.
    ///   - isElastic: whether further ones are taken in by themselves.
    ///   - interval: seconds between two changes for the sake of spares.
    package init(columns: Int, slices: Int, requested: Int, isElastic: Bool, interval: Double) {
        (self.columns, self.slices, self.requested, self.isElastic, self.interval) = (columns, slices, requested, isElastic, interval)
    }

    /// Somebody asks for another number of workers.
    /// - Parameters:
    ///   - replicas: nil takes those of now, where they are possible, or nearly as many.
    ///   - staying: workers with a place that have not asked to leave.
    /// - Returns: why not; nil where it is done at the next boundary.
    package mutating func resize(workers: Int, replicas: Int?, current: ColumnLayout, staying: Int, spares: Int) -> String? {
        let layouts = ColumnLayout.legal(columns: columns, slices: slices, workers: workers)
            .filter { replicas == nil || $0.replicas == replicas }
        guard let layout = layouts.min(by: { abs($0.replicas - current.replicas) < abs($1.replicas - current.replicas) }) else {
            return "\(workers) workers\(replicas.map { " in \($0) replicas" } ?? "") cannot share this run; legal are "
                + ColumnLayout.legalLayouts(columns: columns, slices: slices)
        }
        guard layout != current || wanted != nil else { return "it has \(current) already" }
        let there = staying + spares
        guard there >= workers else {
            return
                "\(workers) workers are asked for and \(there) \(there == 1 ? "is" : "are") there (\(staying) in the run, \(spares) waiting): "
                + "start \(workers - there) more first"
        }
        (wanted, requested) = (layout, workers)
        return nil
    }

    /// Decides what happens if the current step ends here.
    /// - Parameters:
    ///   - isLeaving: whether one with a place has asked to leave, or is gone that had.
    ///   - now: seconds on the coordinator's clock.
    package mutating func decide(current: ColumnLayout, staying: Int, spares: Int, isLeaving: Bool, at now: Double) -> Decision {
        let there = staying + spares
        if let wanted {
            if there >= wanted.workers { return wanted == current && !isLeaving ? dropped() : .change(wanted) }
            (self.wanted, requested) = (nil, current.workers)
            return .drop("the change to \(wanted) is dropped: only \(there) are there now")
        }
        if isLeaving {
            if there >= current.workers { return .change(current) }
            return ColumnLayout.largest(columns: columns, slices: slices, available: there, replicas: current.replicas)
                .map { .change($0) } ?? .stop
        }
        guard spares > 0, staying == current.workers,
            let largest = ColumnLayout.largest(
                columns: columns, slices: slices, available: isElastic ? there : min(there, requested), replicas: current.replicas),
            largest.workers > current.workers
        else {
            sparesSince = nil
            return .stay
        }
        let since = sparesSince ?? now
        sparesSince = since
        let due = max(since, lastChange) + interval
        return now >= due ? .change(largest) : .ask(at: due)
    }

    private mutating func dropped() -> Decision {
        wanted = nil
        return .stay
    }

    /// A change has been begun.
    package mutating func changed(at now: Double) { (wanted, sparesSince, lastChange) = (nil, nil, now) }
}
