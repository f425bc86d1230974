public import Tensors

/// The shapes of one layer over all columns. A column has a share of the channels.
public struct LayerShapes: Sendable, Equatable {
    /// The input's shape, C×H×W.
    public let input: Shape
    /// The shape after the weights: C×H×W, or O for a fully connected layer.
    public let output: Shape
    /// The shape after each stage, in order.
    public let stages: [Shape]
    /// The shape after all stages, which the next layer reads.
    public var result: Shape { stages.last ?? output }
}

/// The division of channels among columns: evenly; the first columns get one more if there is a remainder.
public enum ColumnSplit {
    /// Returns the channels of one column.
    public static func range(of channels: Int, column: Int, columns: Int) -> Range<Int> {
        let (share, rest) = channels.quotientAndRemainder(dividingBy: columns)
        let start = column * share + min(column, rest)
        return start..<start + share + (column < rest ? 1 : 0)
    }
}
