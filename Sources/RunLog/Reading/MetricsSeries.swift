/// The curves of a run, reduced to a limited number of points.
///
/// Each point stands for a bucket of steps: it has the number of the last step, the means, and the smallest and largest
/// loss.
public struct MetricsSeries: Codable, Sendable, Equatable {
    public struct Steps: Codable, Sendable, Equatable {
        public var step: [Int] = []
        public var epoch: [Int] = []
        public var loss: [Double] = []
        public var loss_min: [Double] = []
        public var loss_max: [Double] = []
        public var learning_rate: [Double] = []
        public var images_per_second: [Double] = []
        public var seconds: [Double] = []
    }

    /// The last step of the run, even if it is outside the range.
    public var last: Int
    public var steps = Steps()
    public var validations: [ValidationMetrics] = []

    /// - Parameters:
    ///   - range: The steps to include.
    ///   - points: The largest number of points, at least 1.
    public init(_ index: MetricsIndex, range: ClosedRange<Int> = 0...Int.max, points: Int) {
        var (count, last) = (0, 0)
        index.forEach { entry in
            guard entry.kind == .step else { return }
            last = entry.step
            if range.contains(entry.step) { count += 1 }
        }
        self.last = last
        let size = max(1, (count + max(1, points) - 1) / max(1, points))
        var bucket = Bucket()
        var (steps, validations) = (Steps(), [ValidationMetrics]())
        index.forEach { entry in
            guard range.contains(entry.step) else { return }
            if entry.kind == .validation {
                validations.append(
                    ValidationMetrics(
                        step: entry.step, epoch: entry.epoch, loss: entry.figures[0], top1Error: entry.figures[1],
                        top5Error: entry.figures[2]))
            }
            guard entry.kind == .step else { return }
            bucket.add(entry)
            if bucket.count == size { bucket.flush(into: &steps) }
        }
        if bucket.count > 0 { bucket.flush(into: &steps) }
        // Validations are thinned too: a run may have as many of them as steps.
        let stride = max(1, (validations.count + max(1, points) - 1) / max(1, points))
        if stride > 1 {
            let lastOne = validations.count - 1
            validations = validations.enumerated().filter { (lastOne - $0.offset) % stride == 0 }.map(\.element)
        }
        (self.steps, self.validations) = (steps, validations)
    }

    private struct Bucket {
        var count = 0
        private var (step, epoch) = (0, 0)
        private var sums = SIMD4<Double>()
        private var (least, most) = (Double.infinity, -Double.infinity)

        mutating func add(_ entry: MetricsIndex.Entry) {
            (step, epoch, count) = (entry.step, entry.epoch, count + 1)
            sums += entry.figures
            (least, most) = (min(least, entry.figures[0]), max(most, entry.figures[0]))
        }

        mutating func flush(into steps: inout Steps) {
            let means = sums / Double(count)
            steps.step.append(step)
            steps.epoch.append(epoch)
            steps.loss.append(means[0])
            steps.loss_min.append(least)
            steps.loss_max.append(most)
            steps.learning_rate.append(means[1])
            steps.images_per_second.append(means[2])
            steps.seconds.append(means[3])
            self = Bucket()
        }
    }
}
