import Kernels
import Tensors
import Testing

@Suite struct DropoutTests {
    private let batch = 8

    private func dropped(column: Range<Int>, step: Int) -> [[Float]] {
        let dropout = Dropout(seed: 5, probability: 0.5, layer: 2, batch: batch, units: 50, column: column)
        let values = TensorBuffer(floats: batch * column.count)
        values.floats.update(repeating: 3)
        dropout.forward(values.floats, step: step, batch: batch)
        return (0..<batch).map { image in (0..<column.count).map { values.floats[image * column.count + $0] } }
    }

    @Test func keptUnitsAreUnscaledAndHalfAreZero() {
        let all = dropped(column: 0..<50, step: 1).flatMap { $0 }
        #expect(Set(all) == [0, 3])
        #expect((140...260).contains(all.filter { $0 == 0 }.count))
    }

    @Test func everySplitDropsTheSameUnits() {
        let whole = dropped(column: 0..<50, step: 7)
        for split in [[0..<25, 25..<50], [0..<17, 17..<34, 34..<50]] {
            let parts = split.map { dropped(column: $0, step: 7) }
            for image in 0..<batch { #expect(parts.flatMap { $0[image] } == whole[image]) }
        }
        #expect(whole != dropped(column: 0..<50, step: 8))
    }

    @Test func gradientsOfDroppedUnitsAreZeroAndTestTimeOutputsAreHalved() {
        let dropout = Dropout(seed: 5, probability: 0.5, layer: 2, batch: batch, units: 50, column: 0..<50)
        let (values, gradient) = (TensorBuffer(floats: batch * 50), TensorBuffer(floats: batch * 50))
        values.floats.update(repeating: 3)
        gradient.floats.update(repeating: 2)
        dropout.forward(values.floats, step: 1, batch: batch)
        dropout.backward(gradient.floats, batch: batch)
        for i in 0..<batch * 50 { #expect(gradient.floats[i] == (values.floats[i] == 0 ? 0 : 2)) }
        values.floats.update(repeating: 3)
        dropout.scale(values.floats, batch: batch)
        #expect(values.floats[..<(batch * 50)].allSatisfy { $0 == 1.5 })
    }
}
