/// Counts how often in a row a run has been taken back to the same step.
package struct FailureHistory: Equatable {
    private var step = -1
    package private(set) var inARow = 0

    package init() {}

    /// Records one incident: everything that fails before all members are ready again belongs to it.
    /// - Parameter committed: The step that the run is taken back to.
    package mutating func add(committed: Int) {
        inARow = committed == step ? inARow + 1 : 1
        step = committed
    }
}
