import Foundation
import NeuralNetwork
import Settings
import Testing

@Suite struct ConfigurationRequestTests {
    private func file(_ text: String) throws -> ConfigurationRequest.File {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try ConfigurationRequest.File(path)
    }

    private let network =
        "network: {input: {channels: 1, height: 4, width: 4}, columns: 1, layers: [{name: conv, convolution: {kernels: 2, size: 1}}, {name: fc, inner_product: {outputs: 2}}]}"

    /// One of them would be ignored.
    @Test func aFileStatesANetworkOrAPreset() throws {
        let both = try file("preset: cifar10\n\(network)\n")
        let error = #expect(throws: NetworkError.self) { try ConfigurationRequest(file: both).resolve(for: nil) }
        #expect(error.map { "\($0)".contains("states a network and the preset cifar10") } == true)
        #expect(try ConfigurationRequest(file: file("\(network)\n")).resolve(for: nil).network.layers.count == 2)
        let preset = try Preset.named("cifar10").network
        #expect(try ConfigurationRequest(file: file("preset: cifar10\n")).resolve(for: nil).network.layers == preset.layers)
    }
}
