package import Partition
package import Protocol

/// Messages and slabs that have arrived for a worker in one attempt. The next attempt is a new value: nothing of this one is left in it.
package struct Attempt: Sendable {
    package let number: UInt32
    /// Nil until everybody is there.
    package var topology: WireTopology?
    /// Memory that stores have announced, by their ranks.
    package var segments: [Int: WireSegment] = [:]
    package var grants: [Int: WireGrant] = [:]
    /// The last pass for which each slab has arrived.
    package var slabs: [Slab: Int] = [:]
    /// The step of the newest value of each parameter.
    package var values: [ParameterBlock.Key: Int] = [:]

    package init(_ number: UInt32) { self.number = number }

    /// Whether every one of these parameters has the value after a step, or a later one.
    package func hasValues(_ keys: some Sequence<ParameterBlock.Key>, after step: Int) -> Bool {
        keys.allSatisfy { (values[$0] ?? -1) >= step }
    }
}

/// A worker's rank in a layout.
package struct WorkerAssignment: Equatable, Sendable {
    package let rank: Int
    package let workers: Int
    package let replicas: Int

    package init(_ welcome: WireWelcome) { (rank, workers, replicas) = (Int(welcome.rank), Int(welcome.workers), Int(welcome.replicas)) }
}
