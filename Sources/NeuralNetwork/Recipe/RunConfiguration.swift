public import Foundation

/// Everything that determines a run's results. It is sent to every process and stored in run.json and in every checkpoint.
public struct RunConfiguration: Codable, Sendable, Equatable {
    public var network: NetworkSpecification
    public var recipe: Recipe

    public init(network: NetworkSpecification, recipe: Recipe) { (self.network, self.recipe) = (network, recipe) }

    /// Decodes and checks a configuration from a file or another process.
    public init(json: Data) throws {
        self = try JSONDecoder().decode(RunConfiguration.self, from: json)
        try check()
    }

    /// Returns the configuration as JSON with sorted keys.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(self)
    }

    /// Checks the network and the recipe.
    /// - Throws: `NetworkError`.
    public func check() throws {
        _ = try network.parameterTensors()
        try recipe.check()
    }
}
