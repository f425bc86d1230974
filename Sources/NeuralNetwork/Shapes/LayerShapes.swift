public import Tensors

/// The shapes that one layer takes and gives, for the whole network; a column's share divides the channels.
public struct LayerShapes: Sendable, Equatable {
    /// C×H×W that the layer reads, over all columns.
    public let input: Shape
    /// C×H×W (or the number of outputs) after the weights.
    public let output: Shape
    /// The shape after each stage, in order.
    public let stages: [Shape]
    /// The shape that the next layer reads.
    public var result: Shape { stages.last ?? output }
}

/// How channels are shared out among columns: evenly, the first columns taking one more where it does not divide.
public enum ColumnSplit {
    public static func range(of channels: Int, column: Int, columns: Int) -> Range<Int> {
        let (share, rest) = channels.quotientAndRemainder(dividingBy: columns)
        let start = column * share + min(column, rest)
        return start..<start + share + (column < rest ? 1 : 0)
    }
}
