import NeuralNetwork

/// The assignment of columns and replicas to workers. A replica's workers have consecutive ranks, and a worker's columns are
/// contiguous. If there is a remainder, the first workers of a replica host one column more.
public struct ColumnLayout: Sendable, Equatable {
    public let columns: Int
    /// The number of workers in all replicas.
    public let workers: Int
    /// The number of copies of the network, each trained on its own images.
    public let replicas: Int

    /// - Throws: `NetworkError` unless all replicas have the same number of workers, from 1 to `columns`.
    public init(columns: Int, workers: Int, replicas: Int = 1) throws {
        guard replicas >= 1, workers % replicas == 0 else {
            throw NetworkError(
                "\(workers) workers cannot be divided into \(replicas) replicas of the same size; use a multiple of \(replicas) workers")
        }
        let each = workers / replicas
        guard each >= 1, each <= columns else {
            let (network, noun) = (replicas == 1 ? "" : " of a replica", columns == 1 ? "column" : "columns")
            throw NetworkError(
                "\(each) workers\(network) cannot host \(columns) \(noun), because each worker hosts at least one; "
                    + "use 1 to \(columns) workers" + (replicas == 1 ? "" : " for each replica"))
        }
        (self.columns, self.workers, self.replicas) = (columns, workers, replicas)
    }

    /// Returns the layout that a user requests.
    /// - Parameters:
    ///   - workers: nil means one for each column of each replica.
    ///   - replicas: nil means 1.
    /// - Throws: `NetworkError` if the layout is impossible.
    public static func requested(columns: Int, workers: Int?, replicas: Int?) throws -> ColumnLayout {
        let replicas = replicas ?? 1
        let (each, overflow) = columns.multipliedReportingOverflow(by: replicas)
        guard replicas >= 1, !overflow else {
            throw NetworkError("there cannot be \(replicas) replicas; use 1, or a number that divides the slices of a step")
        }
        return try ColumnLayout(columns: columns, workers: workers ?? each, replicas: replicas)
    }

    /// The number of workers in one replica.
    public var workersPerReplica: Int { workers / replicas }

    /// Returns the replica of the worker with a rank.
    public func replica(of worker: Int) -> Int { worker / workersPerReplica }

    /// Returns the ranks of a replica's workers.
    public func workers(of replica: Int) -> Range<Int> {
        replica * workersPerReplica..<(replica + 1) * workersPerReplica
    }

    /// Returns the columns that a worker hosts.
    public func columns(of worker: Int) -> Range<Int> {
        ColumnSplit.range(of: columns, column: worker % workersPerReplica, columns: workersPerReplica)
    }

    /// Returns the rank of the worker that hosts a column of a replica.
    public func worker(of column: Int, replica: Int) -> Int {
        workers(of: replica).first { columns(of: $0).contains(column) }!
    }
}
