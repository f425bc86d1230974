import Kernels
import Tensors
import Testing

@Suite struct SoftmaxCrossEntropyTests {
    private func outcome(_ logits: [[Float]], labels: [Int32]) throws -> SoftmaxCrossEntropy.Outcome {
        let engine = try Engine()
        let shape = Shape(logits.count, logits[0].count)
        let slab = try Memory(logits.flatMap { $0 }, TensorLayout(plain: shape), engine: engine)
        let loss = try SoftmaxCrossEntropy(
            batch: logits.count, of: logits.count, slabs: [.fixed(slab)], gradients: [], scratch: ScratchMemory(engine: engine),
            engine: engine)
        return try labels.withUnsafeBufferPointer {
            try loss.forward(labels: $0, images: logits.count, turn: BufferParity(weights: 0, pass: 0, batch: 0))
        }
    }

    @Test func theLossIsThatOfTheLabel() throws {
        // p = 1/2, 1/4, 1/4.
        let row: [Float] = [0.693_147_2, 0, 0]
        let found = try outcome([row, row], labels: [0, 2])
        #expect(abs(found.lossSum - (0.693_147 + 1.386_294)) < 1e-5)
        #expect(found.images == 2 && found.top1Wrong == 1)
    }

    /// oneDNN's log p of a probability of nearly 1 is up to 1.4e-6 above 0.
    @Test(arguments: 2...16) func aLossIsNeverNegative(classes: Int) throws {
        let logits = (0..<64).map { image in (0..<classes).map { Float($0 == image % classes ? image : -30 - $0) } }
        let found = try outcome(logits, labels: logits.indices.map { Int32($0 % classes) })
        #expect(found.lossSum >= 0 && found.lossSum < 1e-4 && found.top1Wrong == 0)
        for image in 0..<4 { #expect(try outcome([logits[image]], labels: [Int32(image % classes)]).lossSum >= 0) }
    }

    @Test func aLossThatIsNotANumberStays() throws {
        #expect(try outcome([[.nan, 0, 0], [1, 0, 0]], labels: [0, 0]).lossSum.isNaN)
    }
}
