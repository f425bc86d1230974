public import Partition

/// Computation times of a worker's instructions, measured or modelled.
public protocol KernelTimes: Sendable {
    /// A description of where the times come from.
    var basis: String { get }
    /// Returns the possible times of each of a program's instructions, in seconds; none for instructions that compute nothing.
    func times(of program: WorkerProgram) throws -> [[Double]]
    /// Whether kernels run on the host's cores and so compete with messages between hosts. The times already include other work
    /// within the host.
    var usesCores: Bool { get }
    /// Seconds of a step outside kernels and waits.
    var overhead: Double { get }
    /// Seconds of the store's update of one parameter.
    var updateSeconds: Double { get }
    /// Bytes of a worker's private memory for each column that it hosts.
    var columnBytes: Int { get }
}
