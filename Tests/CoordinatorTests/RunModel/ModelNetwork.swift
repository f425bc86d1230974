import Platform
import Protocol
import Security
import Transport
import Coordinator
import Foundation
import NeuralNetwork
import Partition
import SwiftProtobuf

/// The network and recipe that the model trains: four columns, validation with a rate that depends on it, checkpoints.
struct ModelNetwork {
    let columns = 4
    let slices = 4
    let configuration: RunConfiguration
    /// The configuration, as a welcome carries it.
    let json: Data
    let blocks: [ParameterBlock]
    /// Validation errors by step: they stop improving on the way.
    private let errors: [Int: Double] = [2: 0.5, 4: 0.5, 6: 0.3]

    init() throws {
        var recipe = Recipe()
        (recipe.batch, recipe.slices) = (4, slices)
        (recipe.validation.every, recipe.checkpoint.every) = (2, 3)
        (recipe.schedule.kind, recipe.schedule.patience, recipe.schedule.reductions) = (.plateau, 1, 1)
        configuration = RunConfiguration(
            network: NetworkSpecification(
                input: .init(channels: 1, height: 2, width: 2), columns: columns,
                layers: [
                    LayerSpecification("conv", .convolution(.init(kernels: 4, size: 1))),
                    LayerSpecification("fc", .innerProduct(.init(outputs: 4)), reads: .all),
                ]), recipe: recipe)
        json = try configuration.json()
        blocks = try configuration.network.parameterBlocks()
    }

    var initialValues: [ParameterBlock.Key: UInt64] { Dictionary(uniqueKeysWithValues: blocks.map { ($0.key, initial($0.key)) }) }

    func initial(_ key: ParameterBlock.Key) -> UInt64 {
        UInt64(key.layer * 1000 + key.column * 100 + key.source * 10 + (key.kind == .bias ? 7 : 3))
    }

    func next(_ value: UInt64, _ key: ParameterBlock.Key, _ step: Int, rate: Float) -> UInt64 {
        (value &* 6_364_136_223_846_793_005 &+ UInt64(step * 1000 + key.column * 10 + key.source) &+ UInt64(rate.bitPattern))
            ^ (value >> 29)
    }

    func validation(after step: Int) -> WireValidationReport {
        .with { ($0.step, $0.images, $0.lossSum, $0.top1Wrong) = (UInt64(step), 1000, 1, UInt64(1000 * (errors[step] ?? 0.6))) }
    }
}

struct ModelError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What reaches a process from the coordinator.
enum ModelOrder {
    case order(Order)
    case restore(BlockPart, ModelStore.Value?)
    case closed
}

/// What reaches the coordinator from a process.
enum ModelWord {
    case message(MemberMessage, UInt32)
    case part(BlockPart, ModelStore.Value?)
    case snapshot(step: Int, ParameterBlock.Key, ModelStore.Value)
    case closed
}

/// What goes wrong, or is asked for, at an event of a story.
enum ModelFault: Sendable {
    case killWorker(Int)
    case killWorkers(Int)
    /// A worker is gone, and nobody replaces it.
    case loseWorker(Int)
    case killStore(Int)
    /// The coordinator is killed; its supervisor starts another.
    case killCoordinator
    /// The same, and what it had last to write is not in the run's files.
    case killCoordinatorWithALine
    /// A connection between two processes breaks.
    case breakLink(Int)
    /// The next message of a process to the coordinator is lost; the one after it shows that.
    case loseMessage(Int)
    case leave(Int)
    case join
    case resize(workers: Int, replicas: Int)
    case checkpoint
    case stop
    /// The disk takes no checkpoint from here on, and takes them again.
    case fillDisk
    case freeDisk
}

struct ModelRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
