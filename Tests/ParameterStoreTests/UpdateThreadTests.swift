import NeuralNetwork
import ParameterStore
import Partition
import Platform
import Tensors
import Testing
import Transport

/// The update thread's jobs, which the test runs on its own thread: all of them wait before the first is done.
@Suite struct UpdateThreadTests {
    private enum Event: Equatable {
        case sent(ParameterBlock.Key, isMomentum: Bool, snapshot: Int)
        case updated(ParameterBlock.Key, step: Int)
    }

    private let store: StoreFixture
    private let memory: ShardMemory
    private let blocks: [StoredBlock]
    private let updates: UpdateThread
    private let events = Monitor<[Event]>([])
    private let copies = Monitor<[String: [Float]]>([:])

    init() throws {
        store = try StoreFixture()
        var memory = ShardMemory(store.assignment, file: try ShardFile(MemoryFile()))
        for replica in 0..<2 { _ = try store.register(&memory, replica: replica, attempt: 1) }
        self.memory = memory
        blocks = store.network.compactMap { memory.block($0.key) }
        updates = UpdateThread(engine: store.engine)
        for block in store.network {
            for gradient in memory.gradients(of: block.key) ?? [] { gradient.floats.update(repeating: 1) }
        }
        updates.submit(
            .initialize(
                blocks.map { ($0, source: .drawn) }, InitialValues(store.assignment.configuration.recipe), step: 0, of: SegmentID(number: 1)
            )
        )
    }

    private func snapshot(_ step: Int) -> SnapshotOrder {
        SnapshotOrder(blocks, step: step) { [events, copies] packed, block, isMomentum in
            events.update { $0.append(.sent(block.key, isMomentum: isMomentum, snapshot: step)) }
            let values = Array(packed.floats.prefix(block.shape.count))
            copies.update { $0["\(block.description) \(isMomentum) \(step)"] = values }
        }
    }

    private func submitUpdates(_ step: Int) throws {
        for stored in blocks {
            let gradients = try #require(memory.gradients(of: stored.block.key))
            updates.submit(.update(stored, gradients, step: step, rate: 0.5, Optimizer(), attempt: 1, measures: false))
        }
    }

    private func run() {
        updates.submit(.stop)
        updates.run { report in
            switch report {
            case .updated(let stored, let step, _, _, _): events.update { $0.append(.updated(stored.block.key, step: step)) }
            case .failed(let error): Issue.record(error)
            case .initialized, .collected: break
            }
        }
    }

    private func copy(_ block: ParameterBlock, isMomentum: Bool = false, _ step: Int) -> [Float]? {
        copies.read { $0["\(block.description) \(isMomentum) \(step)"] }
    }

    private func initial(_ block: ParameterBlock) throws -> [Float] {
        let buffer = try TensorBuffer.allocate(floats: block.shape.count)
        let floats = UnsafeMutableBufferPointer(rebasing: buffer.floats.prefix(block.shape.count))
        InitialValues(store.assignment.configuration.recipe).fill(floats, tensor: block.tensor, region: block.region, recipe: block.recipe)
        return Array(floats)
    }

    /// Updates of the next step come first: they write other buffers. What the step after it overwrites is copied just before.
    @Test func aSnapshotHoldsUpNoUpdateThatDoesNotOverwriteIt() throws {
        updates.submit(.snapshot(snapshot(0)))
        try submitUpdates(1)
        try submitUpdates(2)
        run()
        let keys = blocks.map(\.block.key)
        let expected =
            keys.map { Event.updated($0, step: 1) }
            + keys.flatMap {
                [Event.sent($0, isMomentum: false, snapshot: 0), .sent($0, isMomentum: true, snapshot: 0), .updated($0, step: 2)]
            }
        #expect(events.read { $0 } == expected)
        for block in store.network {
            #expect(copy(block, 0) == (try initial(block)))
            #expect(copy(block, isMomentum: true, 0)?.allSatisfy { $0 == 0 } == true)
        }
    }

    /// The last snapshot of a run may be asked for while another is under way: that one is finished first, and both are whole.
    @Test func twoSnapshotsInTurnAreBothWhole() throws {
        updates.submit(.snapshot(snapshot(0)))
        try submitUpdates(1)
        updates.submit(.snapshot(snapshot(1)))
        run()
        for block in store.network {
            let values = try initial(block)
            #expect(copy(block, 0) == values)
            let later = try #require(copy(block, 1))
            #expect(zip(later, values).allSatisfy { $0 != $1 }, "step 1 changes every value")
            #expect(copy(block, isMomentum: true, 1)?.allSatisfy { $0 < 0 } == true)
        }
        let sent = events.read { $0 }.compactMap { event in if case .sent(_, _, let step) = event { step } else { nil } }
        #expect(sent == Array(repeating: 0, count: 2 * blocks.count) + Array(repeating: 1, count: 2 * blocks.count))
    }

    /// Values for another store are sent at once, before updates that wait.
    @Test func aHandOverIsNotPutOff() throws {
        updates.submit(.handOver(snapshot(0)))
        try submitUpdates(1)
        run()
        let sent = events.read { $0.prefix(2 * blocks.count) }
        #expect(sent.allSatisfy { if case .sent = $0 { true } else { false } })
    }
}
