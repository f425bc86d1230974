public import Partition

/// How long a worker's instructions compute: measured, or modelled.
public protocol KernelTimes: Sendable {
    /// Where the times come from, for people.
    var basis: String { get }
    /// Seconds of each of a program's instructions, in one pass or another; none for those that compute nothing.
    func times(of program: WorkerProgram) throws -> [[Double]]
    /// Whether the times have in them what a host's cores do beside kernels: messages within the host, and updates.
    var includesOtherWork: Bool { get }
    /// Seconds of a step beside kernels and waits.
    var overhead: Double { get }
    /// Seconds of the store's update, for one parameter.
    var updateSeconds: Double { get }
    /// Memory of a worker's own, for each column that it hosts.
    var columnBytes: Int { get }
}
