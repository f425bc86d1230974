import Coordinator
import NeuralNetwork
import ParameterStore
import Partition
import Testing

/// How the model's layout changes between steps.
extension StepProtocolModel {
    func place(of rank: Int) -> Place {
        Place(
            keys: layout.columns(of: rank).flatMap { column in (0..<3).map { Key(layer: $0, kind: .weight, column: column, source: column) } },
            shard: rank % layout.workersPerReplica % shards.count, replica: layout.replica(of: rank))
    }

    /// Somebody leaves or joins, or a person asks.
    mutating func change(to target: ColumnLayout) {
        wanted = target
        ledger.isPaused = true
        changeLayout()
    }

    /// As `CoordinatorService.begin` and `placeValues`, at a boundary.
    mutating func changeLayout() {
        guard let target = wanted, ledger.committed < last, moves.isEmpty, lost.isEmpty, !isTraining || ledger.isAtBoundary else { return }
        wanted = nil
        let before = keepers
        layout = target
        attempt += 1
        isTraining = false
        ready = []
        ledger.abort(validated: true)
        ledger.rearrange(workers: target.workers)
        order(.abort(attempt, committed: ledger.committed))
        for rank in workers.count..<max(workers.count, target.workers) { workers.append(Worker(place: place(of: rank))) }
        for rank in 0..<target.workers { workers[rank].orders.append(.place(place(of: rank))) }
        for shard in shards.indices {
            let given = Set(before.filter { $0.value == shard && keepers[$0.key] != shard }.keys)
            moves.formUnion(given)
            shards[shard].orders += [
                .handOver(given), .keep(Set(keepers.filter { $0.value == shard }.keys), contributions: target.replicas),
            ]
        }
        sendTopology()
    }

    /// The shard of each tensor.
    var keepers: [Key: Int] {
        Dictionary(
            (0..<layout.workersPerReplica).flatMap { rank in place(of: rank).keys.map { ($0, place(of: rank).shard) } },
            uniquingKeysWith: { first, _ in first })
    }

    func pair(_ buffer: (step: Int, value: UInt64), _ step: Int) -> [(step: Int, value: UInt64)] {
        step & 1 == 0 ? [buffer, (-1, 0)] : [(-1, 0), buffer]
    }

    /// Once every value is there.
    mutating func sayReady(_ shard: Int) {
        let machine = shards[shard].machine
        guard shards[shard].joined == machine.attempt, machine.keys.allSatisfy({ shards[shard].buffers[$0] != nil }) else { return }
        shards[shard].joined = nil
        shards[shard].words.append(.ready(machine.attempt))
        for (rank, of) in shards[shard].links where of == machine.attempt { announceAll(to: rank, shard) }
    }
}
