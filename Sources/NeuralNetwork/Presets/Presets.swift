/// A network with a recipe that suits it.
public struct Preset: Sendable {
    public let name: String
    public let summary: String
    public let network: NetworkSpecification
    public let recipe: Recipe

    public static let all: [Preset] = [
        .fashion, .cifar10, .cifar10FourLayer, .cifar10FourLayerPlain, .cifar10FourLayerTanh, .alexnet,
        .alexnetOneColumn, .alexnetSixConvolutions,
    ]

    /// Returns the preset of that name.
    /// - Throws: `NetworkError` with the nearest name if there is none.
    public static func named(_ name: String) throws -> Preset {
        guard let preset = all.first(where: { $0.name == name }) else {
            throw NetworkError("unknown preset \(name)\(Spelling.suggestion(for: name, among: all.map(\.name)))")
        }
        return preset
    }
}
