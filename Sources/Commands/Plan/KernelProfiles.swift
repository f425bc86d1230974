import Foundation
import Kernels
import NeuralNetwork
import Prediction
import Tensors
import Wire

/// Kernel times that were measured on this kind of machine, in the user's cache: `plan` and runs put them there, and predictions
/// are made from them.
struct KernelProfiles {
    /// Everything that the times depend on.
    private struct Conditions: Encodable {
        let network: NetworkSpecification
        let pass: Int
        let threads: Int
        let precision: String
        let exchange: Exchange
        let winograd: Bool
        let dropout: Float?
        let processor: String
        let kernels: String
        let instructions: String
        /// Computing at the same time.
        let neighbours: Int
    }

    private let path: String

    /// - Parameter neighbours: workers of a host, which share its memory and caches.
    init(_ configuration: RunConfiguration, neighbours: Int) throws {
        let recipe = configuration.recipe
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = try encoder.encode(
            Conditions(
                network: configuration.network, pass: recipe.sliceBatch, threads: recipe.threads, precision: recipe.precision.rawValue,
                exchange: recipe.exchange, winograd: recipe.winograd, dropout: recipe.dropout, processor: HostIdentity.cpuModel,
                kernels: Engine.libraryVersion, instructions: Engine.instructionSet, neighbours: neighbours))
        let name = bytes.withUnsafeBytes { Digest.text(Digest.hash($0)) }
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        path = (cache ?? NSHomeDirectory() + "/.cache") + "/colonnade/kernels/\(name).json"
    }

    /// Nil where nothing was measured, and where what is there is unreadable: it is measured again then.
    var known: KernelProfile? {
        guard let bytes = try? SmallFile.read(path, limit: 4 << 20) else { return nil }
        return try? JSONDecoder().decode(KernelProfile.self, from: Data(bytes))
    }

    func keep(_ profile: KernelProfile) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try DurableFile.write([UInt8](try JSONEncoder().encode(profile)), to: path)
    }

    /// Keeps the times of a run where they are the shortest that were seen: whatever else a machine does makes them longer.
    func keepIfFaster(_ profile: KernelProfile) throws {
        if let known, known.passSeconds <= profile.passSeconds { return }
        try keep(profile)
    }
}
