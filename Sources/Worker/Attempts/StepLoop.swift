import Datasets
import Kernels
import NeuralNetwork
import Partition
import Platform
import Protocol
import SwiftProtobuf

/// A worker's steps in one attempt: it trains and validates as they are granted, and reports to the coordinator.
struct StepLoop {
    /// The index of the span in which a step waits for its images.
    static let dataSpan = -1

    private let exchange: AttemptExchange
    private let mailbox: WorkerMailbox
    private var sequence: StepSequence
    private let base: Int

    /// - Parameter base: The step whose values the attempt starts from.
    init(_ exchange: AttemptExchange, mailbox: WorkerMailbox, after base: Int) {
        (self.exchange, self.mailbox, self.base, sequence) = (exchange, mailbox, base, StepSequence(after: base))
    }

    private var columns: HostedColumns { exchange.columns }
    private var runner: ProgramRunner { exchange.columns.runner }

    /// Works until the attempt ends.
    /// - Throws: `AttemptEnded` at its end, or the error that ended the worker's part in the run.
    mutating func run() throws {
        columns.feed?.prefetch(step: sequence.step, slice: columns.slices[0].slice)
        while true {
            columns.activity.enter(.awaitingGrant, step: sequence.awaitedStep)
            var next = sequence
            let work = try mailbox.wait { next.next(&$0) }
            sequence = next
            switch work {
            case .train(let grant): try train(grant)
            case .validate(let step): try validate(after: step)
            }
        }
    }

    private func train(_ grant: WireGrant) throws {
        let (step, slices) = (Int(grant.step), columns.slices)
        exchange.times = StepTimes()
        runner.stopwatch = grant.trace ? Stopwatch(capacity: slices.count * (runner.program.instructions.count + 1)) : nil
        var lossSum = 0.0
        for (index, slice) in slices.enumerated() {
            let next = index + 1 < slices.count ? slices[index + 1] : nil
            lossSum += try train(step, slice) { feed in
                if let next {
                    feed.prefetch(step: step, slice: next.slice)
                } else if grant.validate, let first = feed.validationPasses.first {
                    feed.prefetchValidation(first: first)
                } else {
                    feed.prefetch(step: step + 1, slice: slices[0].slice)
                }
            }
        }
        report(step, lossSum: lossSum)
    }

    /// Runs one slice forward and backward.
    /// - Parameter prefetch: Asks for the next pass's images, once this one's are here.
    /// - Returns: The sum of its images' losses.
    private func train(_ step: Int, _ slice: GradientTree.SlicePlan, prefetch: (BatchFeed) -> Void) throws -> Double {
        let start = MonotonicClock.now
        columns.activity.enter(.awaitingPictures, step: step)
        let batch = try columns.feed?.training(step: step, slice: slice.slice)
        let end = MonotonicClock.now
        exchange.times.data += end - start
        runner.stopwatch?.add(Self.dataSpan, from: start, to: end)
        if let feed = columns.feed { prefetch(feed) }
        let images = columns.configuration.recipe.sliceBatch
        var context = exchange.context(.training, step: step, weights: step - 1, batch, images: images)
        (context.firstImage, context.slice) = (slice.slice * images, slice)
        try runner.run(context)
        return runner.backend.outcome.lossSum
    }

    private func report(_ step: Int, lossSum: Double) {
        var report = WireStepReport()
        (report.step, report.lossSum) = (UInt64(step), lossSum)
        exchange.times.fill(&report, flopsBeforeWaiting: runner.program.flopsBeforeWaiting, passes: columns.slices.count)
        if step - base <= 3 || step % 50 == 0 { report.memory = UInt64(MemoryUse.current.own) }
        if let timeline = runner.timeline() {
            report.timeline = timeline
            runner.stopwatch = nil
        }
        exchange.tell(.with { [report] in $0.stepReport = report })
    }

    private func validate(after step: Int) throws {
        guard let feed = columns.feed else { return }
        var total = SoftmaxCrossEntropy.Outcome()
        let passes = feed.validationPasses
        for (index, first) in passes.enumerated() {
            columns.activity.enter(.awaitingPictures, step: step)
            let batch = try feed.validation(first: first)
            if index + 1 < passes.count {
                feed.prefetchValidation(first: passes[index + 1])
            } else {
                feed.prefetch(step: step + 1, slice: columns.slices[0].slice)
            }
            try runner.run(exchange.context(.evaluation, step: step, weights: step, batch, images: feed.images(ofValidation: first)))
            total = total + runner.backend.outcome
        }
        var report = WireValidationReport()
        (report.step, report.lossSum, report.images) = (UInt64(step), total.lossSum, UInt64(total.images))
        (report.top1Wrong, report.top5Wrong) = (UInt64(total.top1Wrong), UInt64(total.top5Wrong))
        exchange.tell(.with { [report] in $0.validationReport = report })
    }
}

extension AttemptExchange {
    fileprivate func context(_ purpose: PassContext.Purpose, step: Int, weights: Int, _ batch: LoadedBatch?, images: Int) -> PassContext {
        context(
            purpose, step: step, weights: weights, labels: batch?.labels ?? .init(start: nil, count: 0), batch: batch?.index ?? 0,
            images: images)
    }
}
