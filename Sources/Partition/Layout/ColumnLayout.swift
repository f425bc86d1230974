import NeuralNetwork

/// Which worker hosts which columns: contiguous, the first workers taking one more where it does not divide.
public struct ColumnLayout: Sendable, Equatable {
    public let columns: Int
    public let workers: Int

    public init(columns: Int, workers: Int) throws {
        guard workers >= 1, workers <= columns else {
            throw NetworkError(
                "\(workers) workers cannot host \(columns) \(columns == 1 ? "column" : "columns"): "
                    + "every worker hosts at least one, so use 1 to \(columns) workers")
        }
        (self.columns, self.workers) = (columns, workers)
    }

    public func columns(of worker: Int) -> Range<Int> {
        ColumnSplit.range(of: columns, column: worker, columns: workers)
    }

    public func worker(of column: Int) -> Int {
        (0..<workers).first { columns(of: $0).contains(column) }!
    }
}
