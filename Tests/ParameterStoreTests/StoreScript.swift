import Platform
import Protocol
import Security
import Transport
import NeuralNetwork
import ParameterStore
import Partition
import SwiftProtobuf

/// A store's state, and the messages of a run with two columns. What the state wants done is given in words.
struct StoreScript {
    typealias Key = ParameterBlock.Key

    final class Connection: Sendable {}

    private(set) var state = StoreState<Connection>()
    let keys: [Key]
    private let network: [ParameterBlock]
    private let welcome: WireWelcome
    /// Segments that wait for their first values.
    private var segments: [SegmentID] = []

    init() throws {
        var recipe = Recipe()
        (recipe.batch, recipe.slices) = (4, 2)
        let configuration = RunConfiguration(
            network: NetworkSpecification(
                input: .init(channels: 1, height: 2, width: 2), columns: 2,
                layers: [
                    LayerSpecification("conv", .convolution(.init(kernels: 2, size: 1))),
                    LayerSpecification("fc", .innerProduct(.init(outputs: 2)), reads: .all),
                ]), recipe: recipe)
        let json = try configuration.json()
        welcome = WireWelcome.with { ($0.run, $0.configuration) = (1, json) }
        network = try configuration.network.parameterBlocks()
        keys = network.map(\.key)
        state.endpoint = (port: 7, processID: 70)
    }

    func keys(ofColumn column: Int) -> [Key] { keys.filter { $0.column == column } }

    // MARK: The coordinator

    private mutating func receive(_ message: WireControlMessage) throws -> [String] {
        let effects = try state.receive(message)
        return words(effects)
    }

    mutating func assign(workers: Int = 2, replicas: Int = 1, fencing: UInt64 = 0) throws -> [String] {
        var message = welcome
        (message.workers, message.replicas, message.fencing) = (UInt32(workers), UInt32(replicas), fencing)
        return try receive(.with { [message] in $0.welcome = message })
    }

    /// - Parameter others: Blocks that another store holds.
    mutating func begin(_ attempt: UInt32, base: Int = 0, restores: Bool = false, others: [Key] = []) throws -> [String] {
        var message = WireTopology()
        (message.attempt, message.baseStep, message.restores) = (attempt, UInt64(base), restores)
        message.stores = [.with { ($0.port, $0.processID) = (6, 70) }, .with { ($0.port, $0.processID) = (7, 70) }]
        message.place(network, BlockPlacement(Dictionary(uniqueKeysWithValues: keys.map { ($0, others.contains($0) ? 0 : 1) })))
        return try receive(.with { [message] in $0.topology = message })
    }

    mutating func abort(_ attempt: UInt32) throws -> [String] { try receive(.with { $0.abort = .with { $0.attempt = attempt } }) }

    mutating func grant(_ step: Int, measure: Bool = false, trace: Bool = false) throws -> [String] {
        try receive(.with { $0.grant = .with { ($0.step, $0.learningRate, $0.measure, $0.trace) = (UInt64(step), 1, measure, trace) } })
    }

    mutating func commit(_ step: Int, snapshot: Bool = false) throws -> [String] {
        try receive(.with { $0.commit = .with { ($0.step, $0.snapshot) = (UInt64(step), snapshot) } })
    }

    mutating func handOver(_ keys: [Key], step: Int) throws -> [String] {
        try receive(.with { $0.handOver = .with { ($0.blocks, $0.step) = (keys.map(\.wire), UInt64(step)) } })
    }

    mutating func finish() throws -> [String] { try receive(.with { $0.finish = .with { $0.left = true } }) }

    mutating func restore(_ key: Key, isMomentum: Bool) -> [String] {
        let effects = state.received(key, isMomentum: isMomentum)
        return words(effects)
    }

    // MARK: Workers

    mutating func connect(rank: Int, attempt: UInt32) -> Connection {
        let connection = Connection()
        state.connect(connection, .with { ($0.role, $0.rank, $0.attempt) = (.worker, UInt32(rank), attempt) }, isLocal: true)
        return connection
    }

    mutating func register(_ keys: some Sequence<Key>, from connection: Connection) throws -> [String] {
        let effects = try state.register(.with { $0.blocks = keys.map { key in .with { $0.key = key.wire } } }, from: connection)
        return words(effects)
    }

    mutating func registered(_ connection: Connection) -> [String] {
        let effects = state.registered(connection)
        return words(effects)
    }

    mutating func refused(_ connection: Connection) -> [String] {
        let effects = state.refused(connection)
        return words(effects)
    }

    mutating func ready(_ connection: Connection) throws -> [String] {
        let effects = try state.ready(connection)
        return words(effects)
    }

    mutating func push(_ key: Key, contribution: Int = 0, step: Int, attempt: UInt32) throws -> [String] {
        let effects = try state.push(ShardStepMachine.Gradient(of: key, contribution: contribution), step: step, attempt: attempt)
        return words(effects)
    }

    // MARK: The update thread

    /// Gives first values to the segment that has waited longest for them.
    mutating func initialize() -> [String] {
        let effects = state.initialized(segments.removeFirst())
        return words(effects)
    }

    mutating func updated(_ key: Key, step: Int, attempt: UInt32) -> [String] {
        let effects = state.updated(BlockUpdate(key, step: step, attempt: attempt))
        return words(effects)
    }

    /// Ends the copying for another layout.
    mutating func collected(_ keys: [Key]) throws -> [String] {
        var all: [String] = []
        for message in state.collected(keys) { all += try receive(message) }
        return all
    }

    // MARK: Shortcuts

    /// Brings two workers of one replica into an attempt, with drawn values.
    /// - Returns: Their connections.
    mutating func train(_ attempt: UInt32) throws -> [Connection] {
        _ = try assign()
        _ = try begin(attempt)
        return try (0..<2).map { rank in
            let connection = connect(rank: rank, attempt: attempt)
            _ = try register(keys(ofColumn: rank), from: connection)
            _ = registered(connection)
            _ = initialize()
            _ = try ready(connection)
            return connection
        }
    }

    /// Trains a step to the end, without its commit.
    mutating func step(_ step: Int, attempt: UInt32) throws {
        _ = try grant(step)
        for key in keys { _ = try push(key, step: step, attempt: attempt) }
        for key in keys { _ = updated(key, step: step, attempt: attempt) }
    }

    private mutating func words(_ effects: [StoreEffect<Connection>]) -> [String] {
        for effect in effects {
            if case .initialize(let segment, _, _, _) = effect { segments.append(segment) }
        }
        return effects.compactMap(\.words)
    }
}

extension StoreEffect {
    /// Nil for what only a process that comes after this one reads.
    var words: String? {
        switch self {
        case .forget, .note: nil
        case .assign(_, let isFirst): isFirst ? "join" : "assign"
        case .register(let worker, _, let contributions): "register \(worker.rank) \(contributions)"
        case .initialize(_, let keys, let step, let recovers): "\(recovers ? "recover" : "initialize") \(keys.count) at \(step)"
        case .update(_, let step, _, let attempt, let measures): "update \(step) in \(attempt)\(measures ? ", measured" : "")"
        case .announce(_, let step, let worker): "announce \(step) to \(worker.rank)"
        case .sendReady(let attempt): "ready in \(attempt)"
        case .sendStored(let stored, let attempt, _): "stored \(stored.step) of \(stored.digests.count) in \(attempt)"
        case .snapshot(let keys, let step): "snapshot \(keys.count) of \(step)"
        case .handOver(let keys, let held, let step): "hand over \(keys.count) of \(held) after \(step)"
        case .collect(let step): "collect \(step)"
        case .dropUpdates(let attempt): "drop before \(attempt)"
        case .refuse(let worker, _): "refuse \(worker.rank)"
        case .close(let worker): "close \(worker.rank)"
        case .end(let outcome): "end \(outcome)"
        }
    }
}
