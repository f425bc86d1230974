/// How often in a row a run has been taken back to the same step.
package struct LossHistory {
    private var step = -1
    package private(set) var inARow = 0

    package init() {}

    /// - Parameter committed: the step that the run is taken back to.
    package mutating func add(committed: Int) {
        inARow = committed == step ? inARow + 1 : 1
        step = committed
    }
}
