import Foundation
import NeuralNetwork
import ParameterStore
import Tensors
import Testing
import Worker
import Yams

/// Against PyTorch: Golden/generate.py made the files.
@Suite struct ParityTests {
    private func golden(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: Bundle.module.path(forResource: "Golden/\(name)", ofType: "safetensors")!)
    }

    private func configuration() throws -> RunConfiguration {
        struct File: Decodable { let network: NetworkSpecification }
        let path = Bundle.module.path(forResource: "Golden/every_layer", ofType: "yaml")!
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return RunConfiguration(network: try YAMLDecoder().decode(File.self, from: text).network, recipe: Recipe())
    }

    /// Largest difference over largest magnitude.
    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        #expect(a.count == b.count)
        let scale = b.map(abs).max() ?? 0
        return zip(a, b).map { abs($0 - $1) }.max()! / max(scale, 1e-12)
    }

    private func put(_ values: ArraySlice<Float>, _ network: LocalNetwork) {
        _ = network.images.floats.update(fromContentsOf: values)
    }

    @Test func logitsLossAndEveryGradientAgree() throws {
        let file = try golden("every_layer")
        let configuration = try configuration()
        let network = try LocalNetwork(configuration, batch: 6, trains: true) { try file.floats($0.name, shape: $0.shape) }
        put(try file.array("images")[...], network)
        let outcome = try network.train(labels: try file.integers("labels").map(Int32.init), step: 1)
        #expect(abs(outcome.lossSum / 6 - Double(try file.array("loss")[0])) < 1e-5)
        // log p differs from the logits by a constant of the image.
        let (ours, theirs) = (Array(network.logProbabilities[..<42]), try file.array("logits"))
        for image in 0..<6 {
            let row = theirs[image * 7..<(image + 1) * 7]
            let largest = row.max()!
            let normalizer = largest + log(row.reduce(0) { $0 + exp($1 - largest) })
            for (a, b) in zip(ours[image * 7..<(image + 1) * 7], row) { #expect(abs(a - (b - normalizer)) < 1e-4) }
        }
        for tensor in try configuration.network.parameterTensors() {
            let error = difference(try network.gradient(of: tensor), try file.array("grad.\(tensor.name)"))
            #expect(error < 1e-4, "\(tensor.name)")
        }
    }

    @Test func tenStepsEndAtTheSameWeights() throws {
        let (start, file) = (try golden("every_layer"), try golden("every_layer_training"))
        let configuration = try configuration()
        let tensors = try configuration.network.parameterTensors()
        var values = try Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, try start.array($0.name)) })
        var momentum = values.mapValues { [Float](repeating: 0, count: $0.count) }
        let network = try LocalNetwork(configuration, batch: 6, trains: true) { try start.floats($0.name) }
        let (images, labels, losses) = (
            try file.array("images"), try file.integers("labels").map(Int32.init), try file.array("losses")
        )
        for step in 0..<10 {
            try network.load { tensor in
                let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * tensor.shape.count, alignment: 64)
                values[tensor.name]!.withUnsafeBytes { bytes.copyMemory(from: $0) }
                return UnsafeRawBufferPointer(bytes)
            }
            put(images[step * 6498..<(step + 1) * 6498], network)
            let outcome = try network.train(labels: Array(labels[step * 6..<(step + 1) * 6]), step: step + 1)
            #expect(abs(Float(outcome.lossSum / 6) - losses[step]) < 1e-3 * losses[step])
            for tensor in tensors {
                let update = MomentumUpdate(momentum: 0.9, decay: tensor.kind == .weight ? 0.0005 * 0.01 : 0, rate: 0.01)
                let gradient = try network.gradient(of: tensor)
                var (w, v) = (gradient, gradient)
                gradient.withUnsafeBufferPointer { gradient in
                    update.apply(
                        count: gradient.count, values: values[tensor.name]!, momentum: momentum[tensor.name]!,
                        gradient: { gradient.baseAddress! + $0.lowerBound }, newValues: &w, newMomentum: &v
                    ) { _, _ in }
                }
                (values[tensor.name], momentum[tensor.name]) = (w, v)
            }
        }
        for tensor in tensors {
            #expect(difference(values[tensor.name]!, try file.array(tensor.name)) < 1e-3, "\(tensor.name)")
            #expect(difference(momentum[tensor.name]!, try file.array("momentum.\(tensor.name)")) < 1e-3, "\(tensor.name)")
        }
    }

    @Test func theUpdateIsThePapersInEveryBit() throws {
        let file = try golden("update")
        let (w, v, g) = (try file.array("w"), try file.array("v"), try file.array("g"))
        var (newW, newV) = (w, v)
        g.withUnsafeBufferPointer { g in
            MomentumUpdate(momentum: 0.9, decay: 0.0005 * 0.01, rate: 0.01).apply(
                count: w.count, values: w, momentum: v, gradient: { g.baseAddress! + $0.lowerBound }, newValues: &newW,
                newMomentum: &newV
            ) { _, _ in }
        }
        #expect(newV == (try file.array("v1")))
        #expect(newW == (try file.array("w1")))
    }
}
