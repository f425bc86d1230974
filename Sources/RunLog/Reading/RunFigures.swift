/// The figures of a run that commands and the report's page show, each computed here and nowhere else.
public struct RunFigures: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    public let rows: [Row]

    /// - Parameters:
    ///   - digest: that of the last step's line.
    ///   - checkpoint: the path of the newest checkpoint.
    public init(_ record: RunRecord?, _ summary: RunSummary, path: String, digest: String?, checkpoint: String?) {
        var rows = [Row("run", path)]
        if let last = summary.last {
            rows.append(Row("steps", "\(last.step)"))
            if let passes = record?.passes(steps: last.step) { rows.append(Row("passes over the data", passes)) }
            rows += [
                Row("training loss", FigureText.loss(last.figures[0])),
                Row("images/s (median)", summary.medianRate.map(FigureText.rate) ?? "-"),
            ]
            if let prediction = record?.prediction {
                rows.append(
                    Row(
                        "images/s, predicted",
                        FigureText.prediction(prediction.images_per_second, measured: prediction.measured_images_per_second)))
            }
            rows.append(Row("training time", FigureText.duration(summary.trainingSeconds)))
        }
        if let last = summary.lastValidation {
            rows += [
                Row("validation loss", FigureText.loss(last.figures[0])), Row("top-1 error", FigureText.percent(last.figures[1])),
            ]
            if FigureText.showsTop5(classes: record?.classes) { rows.append(Row("top-5 error", FigureText.percent(last.figures[2]))) }
        }
        if let best = summary.bestValidation {
            rows.append(Row("best top-1 error", "\(FigureText.percent(best.figures[1])) at step \(best.step)"))
        }
        if let digest { rows.append(Row("digest", digest)) }
        if let checkpoint { rows.append(Row("checkpoint", checkpoint)) }
        self.rows = rows
    }

    /// Reads the figures of a run.
    public init(_ directory: RunDirectory, _ index: MetricsIndex) {
        let summary = RunSummary(index)
        var digest: String?
        if let last = summary.last, let line = directory.line(last), case .step(let step)? = MetricsLine(line: line) {
            digest = step.digest
        }
        self.init(
            try? directory.record(), summary, path: directory.path, digest: digest, checkpoint: directory.checkpoints().last?.path)
    }
}

extension RunRecord {
    /// The images of a step.
    public var batch: Int? {
        guard case .object(let all) = configuration, case .object(let recipe)? = all["recipe"],
            case .integer(let batch)? = recipe["batch"]
        else { return nil }
        return Int(exactly: batch).flatMap { $0 > 0 ? $0 : nil }
    }

    /// The network's classes: the outputs of its last layer.
    public var classes: Int? {
        guard case .object(let all) = configuration, case .object(let network)? = all["network"],
            case .array(let layers)? = network["layers"], case .object(let last)? = layers.last
        else { return nil }
        guard case .object(let product)? = last["inner_product"], case .integer(let outputs)? = product["outputs"] else { return nil }
        return Int(exactly: outputs)
    }

    /// Formats the passes over the training images that a number of steps makes: 2.5.
    public func passes(steps: Int) -> String? {
        guard let batch, images_per_epoch > 0, steps >= 0 else { return nil }
        return FigureText.number(Double(steps) * Double(batch) / Double(images_per_epoch), digits: 3)
    }
}
