import NeuralNetwork

/// The cost of messages between hosts on the cores of either host. If all of a host's cores compute, a message delays one of its
/// workers, each in turn. Others wait for that worker, as in a real run.
struct MessageCosts {
    private let model: Cluster.Messages
    /// Ranks of the workers on each host.
    private let residents: [[Int]]
    /// Whether all of a host's cores compute, so that messages delay its workers.
    private let isFull: [Bool]
    /// The number of messages that have delayed a worker, by host.
    private var delays: [Int]

    /// - Parameter usesCores: whether kernels run on the hosts' cores.
    init(_ plan: PlannedRun, usesCores: Bool) {
        let (residents, threads) = (plan.residents, plan.configuration.recipe.threads)
        (model, self.residents) = (plan.cluster.messages, residents)
        isFull = plan.cluster.hosts.indices.map { usesCores && residents[$0].count * threads >= plan.cluster.hosts[$0].cores }
        delays = residents.map { _ in 0 }
    }

    /// Counts a message from or to another host.
    /// - Returns: the worker that it delays, and by how many seconds; nil if the host has a core for it.
    mutating func delay(messageOf bytes: Double, on host: Int) -> (worker: Int, seconds: Double)? {
        guard isFull[host], !residents[host].isEmpty else { return nil }
        let worker = residents[host][delays[host] % residents[host].count]
        delays[host] += 1
        return (worker, bytes * model.byteSeconds + model.seconds)
    }
}
