/// One column's tensor on its way to another worker: its output in the forward pass, or in the backward pass the
/// gradient that it computed for another column's output.
public struct Slab: Hashable, Sendable {
    public enum Direction: UInt8, Sendable { case forward = 1, backward = 2 }

    /// The layer whose output the slab is, or whose output's gradient.
    public let layer: Int
    public let direction: Direction
    /// The column that computed it.
    public let from: Int
    /// The column that it is for; in the forward pass every column, and this repeats `from`.
    public let to: Int

    public init(layer: Int, direction: Direction, from: Int, to: Int) {
        (self.layer, self.direction, self.from, self.to) = (layer, direction, from, to)
    }
}
