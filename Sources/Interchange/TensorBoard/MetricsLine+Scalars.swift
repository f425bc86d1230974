import RunLog

extension MetricsLine {
    /// The kind of the line. Each kind is thinned separately.
    var kind: String {
        switch self {
        case .step(let line): line.kind
        case .validation(let line): line.kind
        case .norms(let line): line.kind
        }
    }

    /// The duration of a step in seconds; nil for other lines.
    var seconds: Double? { if case .step(let step) = self { step.seconds } else { nil } }

    /// The tags and values. TensorBoard groups curves by the first part of the tag.
    var scalars: [(tag: String, value: Double)] {
        switch self {
        case .step(let line):
            [("train/loss", line.loss), ("train/learning_rate", line.learning_rate), ("train/images_per_second", line.images_per_second)]
        case .validation(let line):
            [("validation/loss", line.loss), ("validation/top1_error", line.top1_error), ("validation/top5_error", line.top5_error)]
        case .norms(let line):
            zip(line.tensors, line.weight).map { ("weight_norm/\($0)", $1) }
                + zip(line.tensors, line.update).map { ("update_norm/\($0)", $1) }
        }
    }
}
