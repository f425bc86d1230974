import Foundation
import Kernels
package import NeuralNetwork
import Platform
package import Prediction
import Tensors

/// Kernel times measured on this kind of machine, in the user's cache. `plan` and runs write them; predictions read them.
package struct KernelProfiles: Sendable {
    /// Everything that the times depend on. Its digest names the file.
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
        /// The number of workers that compute at the same time on the host.
        let neighbours: Int
    }

    private let path: String

    /// - Parameter neighbours: the number of workers on the host, which share its memory and caches.
    package init(_ configuration: RunConfiguration, neighbours: Int) throws {
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

    /// The cached profile; nil if there is none. An unreadable file counts as none, so that it is measured again.
    package var cached: KernelProfile? {
        guard let bytes = try? SmallFile.read(path, limit: 4 << 20) else { return nil }
        return try? JSONDecoder().decode(KernelProfile.self, from: Data(bytes))
    }

    package func save(_ profile: KernelProfile) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try DurableFile.write([UInt8](try JSONEncoder().encode(profile)), to: path)
    }

    /// Saves a run's times if they are the shortest so far: other load on the machine can only lengthen them.
    func saveIfFaster(_ profile: KernelProfile) throws {
        if let cached, cached.passSeconds <= profile.passSeconds { return }
        try save(profile)
    }
}
