import NeuralNetwork
import ParameterStore
import Partition
import TestSupport
import Testing

@Suite struct ShardStepMachineTests {
    private typealias Key = ParameterBlock.Key
    private let keys = (0..<5).map { Key(layer: $0, kind: .weight, column: 0, source: 0) }

    @Test func anUpdateNeedsGradientGrantAndTheCommitBefore() throws {
        var machine = ShardStepMachine(keys: Set(keys), base: 0, attempt: 0)
        #expect(try machine.push(.init(of: keys[0]), step: 1, attempt: 0).isEmpty)
        #expect(machine.grant(step: 1, rate: 0.5) == [.update(keys[0], step: 1, rate: 0.5)])
        #expect(machine.grant(step: 2, rate: 0.25).isEmpty)
        for key in keys.dropFirst() {
            #expect(try machine.push(.init(of: key), step: 1, attempt: 0) == [.update(key, step: 1, rate: 0.5)])
        }
        #expect(try machine.push(.init(of: keys[1]), step: 2, attempt: 0).isEmpty)
        for key in keys.dropLast() { #expect(machine.finishedUpdate(key, step: 1, attempt: 0) == [.announce(key, step: 1)]) }
        #expect(throws: ShardStepMachine.Violation.self) { try machine.commit(step: 1) }
        #expect(
            machine.finishedUpdate(keys[4], step: 1, attempt: 0) == [.announce(keys[4], step: 1), .stored(step: 1)])
        #expect(try machine.commit(step: 1) == [.update(keys[1], step: 2, rate: 0.25)])
    }

    @Test func aShardWithoutTensorsKeepsNobodyWaiting() throws {
        var machine = ShardStepMachine(keys: [], base: 3, attempt: 0)
        #expect(throws: ShardStepMachine.Violation.self) { try machine.commit(step: 4) }
        #expect(machine.grant(step: 4, rate: 1) == [.stored(step: 4)])
        #expect(machine.grant(step: 5, rate: 1) == [.stored(step: 5)])
        #expect(try machine.commit(step: 4).isEmpty)
        machine.abort(attempt: 1)
        #expect(throws: ShardStepMachine.Violation.self) { try machine.commit(step: 5) }
        #expect(machine.grant(step: 5, rate: 1) == [.stored(step: 5)])
        #expect(try machine.commit(step: 5).isEmpty)
    }

    @Test func anUpdateNeedsEveryReplicasGradient() throws {
        var machine = ShardStepMachine(keys: Set(keys), contributions: 2, base: 0, attempt: 0)
        _ = machine.grant(step: 1, rate: 1)
        #expect(try machine.push(.init(of: keys[0], contribution: 1), step: 1, attempt: 0).isEmpty)
        #expect(throws: ShardStepMachine.Violation.self) { try machine.push(.init(of: keys[0], contribution: 1), step: 1, attempt: 0) }
        #expect(throws: ShardStepMachine.Violation.self) { try machine.push(.init(of: keys[0], contribution: 2), step: 1, attempt: 0) }
        #expect(machine.missing.count == 9 && machine.missing.contains(.init(of: keys[0], contribution: 0)))
        #expect(try machine.push(.init(of: keys[0], contribution: 0), step: 1, attempt: 0) == [.update(keys[0], step: 1, rate: 1)])
        // What came before a loss counts no more.
        _ = try machine.push(.init(of: keys[1], contribution: 0), step: 1, attempt: 0)
        machine.abort(attempt: 1)
        _ = machine.grant(step: 1, rate: 1)
        #expect(try machine.push(.init(of: keys[1], contribution: 1), step: 1, attempt: 1).isEmpty)
    }

    @Test func pushesOfAnOlderAttemptAreIgnored() throws {
        var machine = ShardStepMachine(keys: Set(keys), base: 3, attempt: 0)
        _ = machine.grant(step: 4, rate: 1)
        _ = try machine.push(.init(of: keys[0]), step: 4, attempt: 0)
        machine.abort(attempt: 1)
        _ = machine.grant(step: 4, rate: 1)
        #expect(try machine.push(.init(of: keys[0]), step: 4, attempt: 0).isEmpty)
        #expect(machine.finishedUpdate(keys[0], step: 4, attempt: 0).isEmpty)
        #expect(try machine.push(.init(of: keys[0]), step: 4, attempt: 1) == [.update(keys[0], step: 4, rate: 1)])
    }

    @Test func whatNoWorkerMayPushIsRefused() throws {
        var machine = ShardStepMachine(keys: Set(keys), base: 3, attempt: 0)
        #expect(throws: ShardStepMachine.Violation.self) { try machine.push(.init(of: keys[0]), step: 3, attempt: 0) }
        #expect(throws: ShardStepMachine.Violation.self) { try machine.push(.init(of: keys[0]), step: 6, attempt: 0) }
        #expect(throws: ShardStepMachine.Violation.self) {
            try machine.push(.init(of: Key(layer: 9, kind: .bias, column: 0, source: 0)), step: 4, attempt: 0)
        }
        _ = try machine.push(.init(of: keys[0]), step: 4, attempt: 0)
        #expect(throws: ShardStepMachine.Violation.self) { try machine.push(.init(of: keys[0]), step: 4, attempt: 0) }
    }

    /// Random orders of all events, with aborts: every committed step has every tensor updated exactly once since the
    /// last abort, and no update overwrites a buffer that a loss would return to.
    @Test(arguments: 0..<300) func anyOrderOfEventsKeepsStepsWhole(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var machine = ShardStepMachine(keys: Set(keys), base: 0, attempt: 0)
        var attempt: UInt32 = 0
        var computing: [(Key, Int, UInt32)] = []
        var pushed: [Int: Set<Key>] = [:]
        var updates: [Int: [Key: Int]] = [:]
        var buffers = [0, -1]
        var granted = 0
        func perform(_ actions: [ShardStepMachine.Action]) {
            for action in actions {
                guard case .update(let key, let step, _) = action else { continue }
                #expect(step == machine.committed + 1)
                #expect(buffers[step & 1] != machine.committed)
                computing.append((key, step, attempt))
                updates[step, default: [:]][key, default: 0] += 1
            }
        }
        for _ in 0..<400 {
            let next = machine.committed + 1
            switch Int.random(in: 0..<12, using: &generator) {
            case 0..<6:
                let step = next + (Int.random(in: 0..<4, using: &generator) == 0 ? 1 : 0)
                let key = keys.randomElement(using: &generator)!
                guard !(pushed[step, default: []].contains(key)) else { continue }
                pushed[step, default: []].insert(key)
                perform(try machine.push(.init(of: key), step: step, attempt: attempt))
            case 6: if granted < next + 1 { granted += 1; perform(machine.grant(step: granted, rate: 1)) }
            case 7..<10:
                guard let index = computing.indices.randomElement(using: &generator) else { continue }
                let (key, step, of) = computing.remove(at: index)
                if of == attempt { buffers[step & 1] = -1 }
                _ = machine.finishedUpdate(key, step: step, attempt: of)
            case 10:
                guard let actions = try? machine.commit(step: next) else { continue }
                buffers[next & 1] = next
                #expect(updates[next]?.count == keys.count)
                #expect(updates[next]?.values.allSatisfy { $0 == 1 } == true)
                pushed[next] = nil
                perform(actions)
            default:
                guard Int.random(in: 0..<10, using: &generator) == 0 else { continue }
                attempt += 1
                machine.abort(attempt: attempt)
                pushed = [:]
                updates = updates.filter { $0.key <= machine.committed }
                granted = machine.committed
            }
        }
    }
}
