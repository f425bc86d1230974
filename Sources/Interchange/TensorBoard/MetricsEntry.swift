import Foundation

/// What a line of metrics.jsonl has for curves. Kinds and fields that are not known are left out, those of later releases
/// among them.
struct MetricsEntry: Decodable {
    let kind: String
    let step: Int
    /// Of a step.
    let seconds: Double?
    private let loss, learning_rate, images_per_second, top1_error, top5_error: Double?
    /// Of norms.
    private let tensors: [String]?
    private let weight, update: [Double]?

    /// Nil for a line that is torn or has no kind or step.
    init?(_ line: Data) {
        guard let entry = try? JSONDecoder().decode(Self.self, from: line), entry.step >= 0 else { return nil }
        self = entry
    }

    /// Tags and values.
    var scalars: [(tag: String, value: Double)] {
        let named: [(String, Double?)]
        switch kind {
        case "step":
            named = [
                ("train/loss", loss), ("train/learning_rate", learning_rate), ("train/images_per_second", images_per_second),
            ]
        case "validation":
            named = [("validation/loss", loss), ("validation/top1_error", top1_error), ("validation/top5_error", top5_error)]
        case "norms":
            let names = tensors ?? []
            named = zip(names, weight ?? []).map { ("weight_norm/\($0)", $1) } + zip(names, update ?? []).map { ("update_norm/\($0)", $1) }
        default: named = []
        }
        return named.compactMap { tag, value in value.map { (tag, $0) } }
    }
}
