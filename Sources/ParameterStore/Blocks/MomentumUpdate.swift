/// The paper's update (§5): v ← m·v − decay·w − ε·g ; w ← w + v, elementwise, so that it runs in any layout.
public struct MomentumUpdate: Sendable {
    let momentum: Float
    /// Weight decay times the learning rate.
    let decay: Float
    let rate: Float

    /// - Parameters:
    ///   - decay: weight decay times learning rate.
    ///   - rate: learning rate.
    public init(momentum: Float, decay: Float, rate: Float) {
        (self.momentum, self.decay, self.rate) = (momentum, decay, rate)
    }

    /// Elements that are updated before their digest is taken, so that it reads them from the cache.
    static let chunk = 4096

    /// - Parameters:
    ///   - gradient: gives a part of the gradient, of at most `chunk` elements; asked for one after another.
    ///   - visit: called with new values and new momentum, part by part.
    public func apply(
        count: Int, values: UnsafePointer<Float>, momentum old: UnsafePointer<Float>,
        gradient: (Range<Int>) -> UnsafePointer<Float>, newValues: UnsafeMutablePointer<Float>, newMomentum: UnsafeMutablePointer<Float>,
        visit: (_ values: UnsafeBufferPointer<Float>, _ momentum: UnsafeBufferPointer<Float>) -> Void
    ) {
        var start = 0
        while start < count {
            let end = min(start + Self.chunk, count)
            let gradient = gradient(start..<end)
            for i in 0..<end - start {
                let velocity = momentum * old[start + i] - decay * values[start + i] - rate * gradient[i]
                newMomentum[start + i] = velocity
                newValues[start + i] = values[start + i] + velocity
            }
            visit(
                UnsafeBufferPointer(start: newValues + start, count: end - start),
                UnsafeBufferPointer(start: newMomentum + start, count: end - start))
            start = end
        }
    }
}
