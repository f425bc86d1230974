/// A tensor that one column sends to another worker. In the forward pass it is the column's output; in the backward pass, the gradient
/// that the column computed for another column's output.
public struct Slab: Hashable, Sendable {
    public enum Direction: UInt8, Sendable { case forward = 1, backward = 2 }

    /// The layer of the output that the slab, or its gradient, belongs to.
    public let layer: Int
    public let direction: Direction
    /// The column that computed the slab.
    public let from: Int
    /// The column whose output's gradient the slab is. In the forward pass the slab is for all columns, and this equals `from`.
    public let to: Int

    public init(layer: Int, direction: Direction, from: Int, to: Int) {
        (self.layer, self.direction, self.from, self.to) = (layer, direction, from, to)
    }
}
