public import Foundation

/// All that decides what a run computes: sent to every process, kept in run.json and in every checkpoint.
public struct RunConfiguration: Codable, Sendable, Equatable {
    public var network: NetworkSpecification
    public var recipe: Recipe

    public init(network: NetworkSpecification, recipe: Recipe) { (self.network, self.recipe) = (network, recipe) }

    /// Reads a configuration that another process or a file states, and checks it.
    public init(json: Data) throws {
        self = try JSONDecoder().decode(RunConfiguration.self, from: json)
        try check()
    }

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(self)
    }

    /// Checks network and recipe, and that both go together.
    public func check() throws {
        _ = try network.parameterTensors()
        try recipe.check()
    }
}
