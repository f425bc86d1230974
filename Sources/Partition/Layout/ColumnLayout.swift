import NeuralNetwork

/// Which worker hosts which columns of which replica. A replica's workers follow each other by rank; its columns are
/// contiguous, the first workers taking one more where it does not divide.
public struct ColumnLayout: Sendable, Equatable {
    public let columns: Int
    /// In all replicas.
    public let workers: Int
    /// Copies of the network, each on pictures of its own.
    public let replicas: Int

    public init(columns: Int, workers: Int, replicas: Int = 1) throws {
        guard replicas >= 1, workers % replicas == 0 else {
            throw NetworkError(
                "\(workers) workers cannot be \(replicas) replicas of the same size: use \(replicas) workers or a multiple of them")
        }
        let each = workers / replicas
        guard each >= 1, each <= columns else {
            let (network, whole) = (replicas == 1 ? "" : " of a replica", columns == 1 ? "column" : "columns")
            throw NetworkError(
                "\(each) workers\(network) cannot host \(columns) \(whole): every worker hosts at least one, so use 1 to \(columns) workers"
                    + (replicas == 1 ? "" : " for each replica"))
        }
        (self.columns, self.workers, self.replicas) = (columns, workers, replicas)
    }

    /// The layout that somebody asks for; where no number of workers is said, one for each column of each replica.
    public static func asked(columns: Int, workers: Int?, replicas: Int?) throws -> ColumnLayout {
        let replicas = replicas ?? 1
        let (each, overflow) = columns.multipliedReportingOverflow(by: replicas)
        guard replicas >= 1, !overflow else {
            throw NetworkError("there cannot be \(replicas) replicas: use 1, or as many as divide the slices of a step")
        }
        return try ColumnLayout(columns: columns, workers: workers ?? each, replicas: replicas)
    }

    /// Workers of one replica.
    public var workersPerReplica: Int { workers / replicas }

    public func replica(of worker: Int) -> Int { worker / workersPerReplica }

    /// Ranks of a replica's workers.
    public func workers(of replica: Int) -> Range<Int> {
        replica * workersPerReplica..<(replica + 1) * workersPerReplica
    }

    public func columns(of worker: Int) -> Range<Int> {
        ColumnSplit.range(of: columns, column: worker % workersPerReplica, columns: workersPerReplica)
    }

    public func worker(of column: Int, replica: Int) -> Int {
        workers(of: replica).first { columns(of: $0).contains(column) }!
    }
}
