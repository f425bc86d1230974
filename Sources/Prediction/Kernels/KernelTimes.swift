public import Partition

/// How long a worker's instructions compute: measured, or modelled.
public protocol KernelTimes: Sendable {
    /// Where the times come from, for people.
    var basis: String { get }
    /// Seconds of each of a program's instructions, in one pass or another; none for those that compute nothing.
    func times(of program: WorkerProgram) throws -> [[Double]]
    /// Whether kernels run on the host's cores, which have other work too; what they do within the host is in the times already.
    var usesCores: Bool { get }
    /// Seconds of a step beside kernels and waits.
    var overhead: Double { get }
    /// Seconds of the store's update, for one parameter.
    var updateSeconds: Double { get }
    /// Memory of a worker's own, for each column that it hosts.
    var columnBytes: Int { get }
}
