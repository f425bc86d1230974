import Security

/// The highest fencing number of a run's coordinators that a worker or store has seen. A coordinator with a lower number has been succeeded
/// and does not know it yet: nothing that it orders may be carried out.
public struct CoordinatorFence: Sendable, Equatable {
    private var run: UInt64 = 0
    private var highest: UInt64 = 0

    public init() {}

    /// Takes in the number of a coordinator that welcomes this process.
    /// - Throws: `WireError` if this process has seen a higher number for the same run.
    public mutating func admit(_ number: UInt64, run: UInt64) throws {
        if run == self.run, number < highest {
            throw WireError(
                .refused, "the coordinator has the fencing number \(number), but another one with \(highest) has taken over the run")
        }
        (self.run, highest) = (run, number)
    }
}
