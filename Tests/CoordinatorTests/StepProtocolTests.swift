import ParameterStore
import Partition
import Testing

/// Attempts, two buffers and commits over several shards, with losses at every message.
@Suite struct StepProtocolTests {
    /// Runs a model to its end.
    /// - Parameters:
    ///   - crashes: the worker that is lost before an event, by the event's number.
    ///   - aborts: events before which a connection breaks that costs no process.
    ///   - changes: the layout that is wanted from an event on: workers and replicas.
    /// - Returns: the number of events.
    private func run(
        seed: Int, workers: Int, replicas: Int = 1, columns: Int? = nil, shards: Int, crashes: [Int: Int] = [:], aborts: Set<Int> = [],
        changes: [Int: (workers: Int, replicas: Int)] = [:]
    ) throws -> Int {
        var model = try StepProtocolModel(
            seed: UInt64(seed), workers: workers, replicas: replicas, columns: columns, shards: shards, last: 5)
        var events = 0
        while true {
            if let rank = crashes[events], model.workers.indices.contains(rank) { model.crash(rank) }
            if let (workers, replicas) = changes[events] {
                model.change(to: try ColumnLayout(columns: model.layout.columns, workers: workers, replicas: replicas))
            }
            if aborts.contains(events) { model.abort() }
            guard try model.advance() else { break }
            events += 1
            guard events < 100_000 else {
                Issue.record("seed \(seed): no end")
                break
            }
        }
        #expect(model.commits == Array(1...5), "seed \(seed), crashes \(crashes), aborts \(aborts), changes \(changes)")
        #expect(model.shards.reduce(0) { $0 + $1.buffers.count } == 3 * model.layout.columns)
        for shard in model.shards {
            #expect(shard.machine.committed == 5)
            for (key, buffers) in shard.buffers { #expect(buffers[1] == (5, StepProtocolModel.value(key, 5))) }
        }
        return events
    }

    @Test(arguments: [(1, 1), (2, 1), (2, 2), (3, 2), (4, 3)]) func aLossAtAnyMessageCostsNoStepAndRepeatsNone(_ workers: Int, _ shards: Int) throws {
        for seed in 1...6 {
            let events = try run(seed: seed, workers: workers, shards: shards)
            for event in 0..<events { _ = try run(seed: seed, workers: workers, shards: shards, crashes: [event: event % workers]) }
        }
    }

    /// A tensor's update waits for several workers then.
    @Test(arguments: [(2, 2, 1), (4, 2, 2), (3, 3, 1)]) func replicasLoseNoStepAndRepeatNone(_ workers: Int, _ replicas: Int, _ shards: Int) throws {
        for seed in 1...4 {
            let events = try run(seed: seed, workers: workers, replicas: replicas, shards: shards)
            for event in 0..<events {
                _ = try run(seed: seed, workers: workers, replicas: replicas, shards: shards, crashes: [event: event % workers])
                _ = try run(seed: seed, workers: workers, replicas: replicas, shards: shards, aborts: [event])
            }
        }
    }

    @Test func brokenConnectionsAtAnyMessageCostNothing() throws {
        for seed in 1...6 {
            let events = try run(seed: seed, workers: 2, shards: 2)
            for event in 0..<events { _ = try run(seed: seed, workers: 2, shards: 2, aborts: [event]) }
        }
    }

    /// Workers join and leave, replicas come and go, and columns move between shards.
    @Test(arguments: [(1, 1, 1), (1, 1, 2), (3, 1, 2), (4, 2, 2)])
    func aChangeOfLayoutAtAnyMessageCostsNoStepAndRepeatsNone(_ workers: Int, _ replicas: Int, _ shards: Int) throws {
        for seed in 1...2 {
            let events = try run(seed: seed, workers: workers, replicas: replicas, columns: 4, shards: shards)
            for event in 0..<events {
                for layout in [(4, 1), (2, 1), (4, 2), (1, 1)] {
                    _ = try run(seed: seed, workers: workers, replicas: replicas, columns: 4, shards: shards, changes: [event: layout])
                }
            }
        }
    }

    /// Losses before, during and after changes, and changes in a row.
    @Test func lossesDuringChangesAreSurvived() throws {
        var generator = StepProtocolModel.Generator(state: 78)
        for seed in 1...600 {
            var (crashes, aborts, changes): ([Int: Int], Set<Int>, [Int: (Int, Int)]) = ([:], [], [:])
            for _ in 0..<4 {
                crashes[Int.random(in: 0..<400, using: &generator)] = Int.random(in: 0..<4, using: &generator)
                aborts.insert(Int.random(in: 0..<400, using: &generator))
                changes[Int.random(in: 0..<300, using: &generator)] = [(4, 1), (2, 1), (4, 2), (1, 1), (3, 1), (8, 2)].randomElement(using: &generator)!
            }
            _ = try run(seed: seed, workers: 2, columns: 4, shards: 3, crashes: crashes, aborts: aborts, changes: changes)
        }
    }

    /// Losses during the recovery from losses.
    @Test func manyLossesInARowAreSurvived() throws {
        var generator = StepProtocolModel.Generator(state: 77)
        for seed in 1...400 {
            var (crashes, aborts): ([Int: Int], Set<Int>) = ([:], [])
            for _ in 0..<6 {
                crashes[Int.random(in: 0..<300, using: &generator)] = Int.random(in: 0..<3, using: &generator)
                aborts.insert(Int.random(in: 0..<300, using: &generator))
            }
            _ = try run(seed: seed, workers: 3, shards: 2, crashes: crashes, aborts: aborts)
        }
    }
}
