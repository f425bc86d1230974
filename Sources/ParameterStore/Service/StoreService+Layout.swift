import NeuralNetwork
import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// What a change of layout means for a shard: blocks that it gives away are sent, the others are copied out of memory that was made
/// for the workers before, and registered anew.
extension StoreService {
    /// Asks the coordinator to take the shard's blocks elsewhere. The store serves until it is released.
    /// - Returns: false where it has not joined a run: there is nobody to ask.
    public func leave() -> Bool {
        guard let (coordinator, run) = way.read({ $0 }) else { return false }
        coordinator.send(.with { $0.leave = WireLeave() }, run: run)
        return true
    }

    /// Takes what the coordinator says, or keeps it until values are where they can be found.
    func receivedInTurn(_ message: WireControlMessage) throws {
        if case .finish? = message.body { return try receivedFromCoordinator(message) }
        guard let waiting = deferred else { return try receivedFromCoordinator(message) }
        guard waiting.count < 64 else { throw WireError(.malformed, "more messages than there are while a layout changes") }
        deferred?.append(message)
    }

    /// Sends blocks that another store keeps from now on, and forgets them.
    func handOver(_ keys: Set<ParameterBlock.Key>, step: Int) throws {
        guard let coordinator, let memory, step == machine?.committed else {
            throw WireError(.malformed, "parameters are asked for after step \(step), which is not the last")
        }
        let given = memory.expected.values.filter { keys.contains($0.key) }.sorted { $0.key < $1.key }
        log("hands over \(given.count) of \(memory.expected.count) parameter blocks after step \(step)")
        sendValues(given, step: step, to: coordinator, .restore)
        self.memory?.giveAway(keys)
        for block in given { restored[block.key] = nil }
    }

    /// Sends values and momentum after the last committed step, of memory that workers have registered, or as they came.
    func sendValues(_ blocks: [ParameterBlock], step: Int, to link: Link, _ kind: FrameHeader.Kind) {
        updates.submit(.snapshot(blocks.compactMap { memory?.block($0.key) }, step: step, link, run: run, kind))
        for block in blocks where memory?.block(block.key) == nil {
            for (isMomentum, packed) in zip([false, true], restored[block.key] ?? []) {
                if let packed { link.send(packed, of: block, momentum: isMomentum, step: step, run: run, kind) }
            }
        }
    }

    /// Other workers will register other tensors: copies what is kept.
    func rearrange() {
        guard let memory, let machine else { return }
        deferred = []
        updates.submit(.collect(memory.blocks, step: machine.committed))
        (self.memory, self.machine, joined, toldReady) = (nil, nil, nil, nil)
    }

    /// The memory of the layout before is free, and its values are as if they had been restored.
    func rearranged(_ copies: [ParameterBlock.Key: [TensorBuffer?]]) {
        restored.merge(copies) { $1 }
        let waiting = deferred ?? []
        deferred = nil
        do { for message in waiting { try receivedInTurn(message) } } catch { end(.failed("\(error)")) }
    }
}
