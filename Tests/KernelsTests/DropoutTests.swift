import Kernels
import Tensors
import Testing

@Suite struct DropoutTests {
    private let batch = 8

    private func memory(_ units: Int, _ type: ElementType, filledWith value: Float) throws -> Memory {
        let memory = try Memory(TensorLayout(plain: Shape(batch, units), type), engine: Engine())
        switch type {
        case .float32: memory.buffer.floats.update(repeating: value)
        case .bfloat16: memory.buffer.bytes.bindMemory(to: UInt16.self).update(repeating: BFloat16.bits(value))
        }
        return memory
    }

    private func values(_ memory: Memory) -> [Float] {
        let count = memory.layout.shape.count
        switch memory.layout.type {
        case .float32: return Array(memory.buffer.floats[..<count])
        case .bfloat16: return memory.buffer.bytes.bindMemory(to: UInt16.self)[..<count].map(BFloat16.float)
        }
    }

    private func dropped(column: Range<Int>, step: Int, _ type: ElementType = .float32) throws -> [[Float]] {
        let dropout = try Dropout(seed: 5, probability: 0.5, layer: 2, batch: batch, units: 50, column: column)
        let memory = try memory(column.count, type, filledWith: 3)
        dropout.forward(memory, step: step, batch: batch)
        let values = values(memory)
        return (0..<batch).map { image in (0..<column.count).map { values[image * column.count + $0] } }
    }

    @Test func keptUnitsAreUnscaledAndHalfAreZero() throws {
        let all = try dropped(column: 0..<50, step: 1).flatMap { $0 }
        #expect(Set(all) == [0, 3])
        #expect((140...260).contains(all.filter { $0 == 0 }.count))
    }

    @Test func everySplitDropsTheSameUnitsInBothPrecisions() throws {
        let whole = try dropped(column: 0..<50, step: 7)
        #expect(try dropped(column: 0..<50, step: 7, .bfloat16) == whole)
        for split in [[0..<25, 25..<50], [0..<17, 17..<34, 34..<50]] {
            let parts = try split.map { try dropped(column: $0, step: 7) }
            for image in 0..<batch { #expect(parts.flatMap { $0[image] } == whole[image]) }
        }
        #expect(try whole != dropped(column: 0..<50, step: 8))
    }

    @Test(arguments: [ElementType.float32, .bfloat16])
    func gradientsOfDroppedUnitsAreZeroAndTestTimeOutputsAreHalved(type: ElementType) throws {
        let dropout = try Dropout(seed: 5, probability: 0.5, layer: 2, batch: batch, units: 50, column: 0..<50)
        let (result, gradient) = (try memory(50, type, filledWith: 3), try memory(50, type, filledWith: 2))
        dropout.forward(result, step: 1, batch: batch)
        dropout.backward(gradient, batch: batch)
        for (value, difference) in zip(values(result), values(gradient)) { #expect(difference == (value == 0 ? 0 : 2)) }
        let tested = try memory(50, type, filledWith: 3)
        dropout.scale(tested, batch: batch)
        #expect(values(tested).allSatisfy { $0 == 1.5 })
    }
}
