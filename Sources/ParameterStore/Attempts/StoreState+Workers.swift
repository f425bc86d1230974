import Platform
package import Protocol
import Security
import Transport
import Partition
import SwiftProtobuf

/// Workers of a store: their connections, what they register, and when values are announced to them.
extension StoreState {
    // MARK: Connections

    /// Every worker's connection.
    package var connections: [Connection] { (Array(early.values) + (attempt?.workersByRank ?? [])).map(\.connection) }

    /// Adds the connection of a worker that has introduced itself.
    package mutating func connect(_ connection: Connection, _ hello: WireHello, isLocal: Bool) {
        _ = closed(connection)
        let worker = Worker(connection, attempt: hello.attempt, rank: Int(hello.rank), isLocal: isLocal)
        if hello.attempt == attempt?.number { attempt?.workers[worker.id] = worker } else { early[worker.id] = worker }
    }

    /// Removes a connection that has ended.
    /// - Returns: Whether it was a worker's.
    package mutating func closed(_ connection: Connection) -> Bool {
        let id = ObjectIdentifier(connection)
        let isEarly = early.removeValue(forKey: id) != nil
        let isCurrent = attempt?.workers.removeValue(forKey: id) != nil
        return isEarly || isCurrent
    }

    private func worker(_ connection: Connection) -> Worker? {
        let id = ObjectIdentifier(connection)
        return attempt?.workers[id] ?? early[id]
    }

    private mutating func set(_ progress: Worker.Progress, of connection: Connection) {
        let id = ObjectIdentifier(connection)
        early[id]?.progress = progress
        attempt?.workers[id]?.progress = progress
    }

    /// Whether a worker may send this gradient.
    package func accepts(_ gradient: ShardStepMachine.Gradient, attempt number: UInt32, from connection: Connection) -> Bool {
        guard attempt?.number == number, let registration = attempt?.workers[ObjectIdentifier(connection)]?.registration else {
            return false
        }
        return registration.keys.contains(gradient.key) && registration.contributions.contains(gradient.contribution)
    }

    // MARK: Registration

    /// Takes the tensors that a worker registers. They get memory when their values are known.
    package mutating func register(_ message: WireRegister, from connection: Connection) throws -> [Effect] {
        guard case .connected? = worker(connection)?.progress else {
            throw WireError(.malformed, "a worker registered twice, or before its hello")
        }
        set(.waiting(message), of: connection)
        return registerNext()
    }

    /// Registers the next worker whose tensors' values are known: drawn ones when the topology is here, restored ones when they have arrived.
    /// One worker is registered after another, because two may claim the same tensors.
    mutating func registerNext() -> [Effect] {
        guard let shard, let current = attempt, !current.isRegistering else { return [] }
        var refusals: [Effect] = []
        for worker in current.workersByRank {
            guard case .waiting(let message) = worker.progress else { continue }
            let keys = message.blocks.map { Key($0.key) }
            let isKnown = !shard.restores || shard.isRegistered(keys) || keys.allSatisfy { restored[$0]?.isWhole == true }
            guard isKnown else { continue }
            do throws(WireError) {
                let registration = try self.registration(of: keys, by: worker, shard, current)
                set(.registering(registration), of: worker.connection)
                return refusals + [Effect.register(worker, message, contributions: registration.contributions)]
            } catch {
                set(.connected, of: worker.connection)
                refusals.append(.refuse(worker, error))
            }
        }
        return refusals
    }

    /// - Throws: `WireError` where the worker claims what is not its own.
    private mutating func registration(
        of keys: [Key], by worker: Worker, _ shard: ShardState, _ attempt: StoreAttempt<Connection>
    ) throws(WireError) -> Registration {
        guard let assignment, worker.rank < assignment.layout.workers else {
            throw WireError(.refused, "its rank is beyond the run's workers")
        }
        let replica = assignment.layout.replica(of: worker.rank)
        guard !attempt.isTaken(keys, replica: replica) else {
            throw WireError(.refused, "it registered tensors of another worker, which are not of its columns")
        }
        let known = try shard.segment(for: keys)
        if known == nil { segmentCount += 1 }
        return Registration(
            keys: Set(keys), segment: known ?? SegmentID(number: segmentCount), replica: replica,
            contributions: assignment.tree.contributions(of: replica))
    }

    /// Records that a worker's tensors have memory that was announced to the worker.
    package mutating func registered(_ connection: Connection) -> [Effect] {
        guard case .registering(let registration)? = worker(connection)?.progress else { return [] }
        set(.registered(registration, isReady: false), of: connection)
        var all: [Effect] = []
        if let base = shard?.base, shard?.register(registration) == true {
            for key in registration.keys { restored[key] = nil }
            all.append(.initialize(registration.segment, registration.keys.sorted(), step: base, recovers: recovers))
        }
        return all + registerNext()
    }

    /// Records that a worker's tensors cannot have memory. It costs the worker alone its connection.
    package mutating func refused(_ connection: Connection) -> [Effect] {
        set(.connected, of: connection)
        return registerNext()
    }

    // MARK: Values

    /// Records that a segment's blocks have their first values.
    package mutating func initialized(_ segment: SegmentID) -> [Effect] {
        shard?.initialize(segment)
        let workers = attempt?.workers(of: segment) ?? []
        return workers.flatMap { announcements(to: $0) } + sayReady()
    }

    /// Records that a worker's memory can take values.
    package mutating func ready(_ connection: Connection) throws -> [Effect] {
        guard case .registered(let registration, _)? = worker(connection)?.progress else {
            throw WireError(.malformed, "a worker is ready before its tensors are registered")
        }
        set(.registered(registration, isReady: true), of: connection)
        return worker(connection).map { announcements(to: $0) } ?? []
    }

    /// Announces all its values to a worker, once it can take them and they are there.
    private func announcements(to worker: Worker) -> [Effect] {
        guard let shard, case .registered(let registration, isReady: true) = worker.progress, shard.hasValues(registration.segment) else {
            return []
        }
        return registration.keys.sorted().map { Effect.announce($0, step: shard.machine.committed, to: worker) }
    }

    /// Says, once in an attempt, that every block has values.
    mutating func sayReady() -> [Effect] {
        guard let number = attempt?.number, attempt?.isReady == false, shard?.isComplete == true else { return [] }
        attempt?.isReady = true
        return [.sendReady(attempt: number)]
    }
}
