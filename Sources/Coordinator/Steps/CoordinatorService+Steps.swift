import NeuralNetwork
import RunLog
import SwiftProtobuf
import Threading
import Wire

/// Grants, reports, commits and validations.
extension CoordinatorService {
    func perform(_ actions: [StepLedger.Action]) {
        for action in actions {
            switch action {
            case .grant(let step, let rate, let validate):
                records.granted(step, rate: rate)
                var grant = WireGrant()
                grant.step = UInt64(step)
                grant.learningRate = rate
                grant.validate = validate
                grant.trace = plan.traceInterval > 0 && step % plan.traceInterval == 0 || plan.tracedSteps.contains(step)
                grant.measure = plan.normsInterval > 0 && step % plan.normsInterval == 0
                broadcast(.with { $0.grant = grant })
            case .commit(let step, let snapshot):
                // A stop may ask for a snapshot of a step that is committed already.
                if step > records.committed { committed(step) }
                var commit = WireCommit()
                commit.step = UInt64(step)
                commit.snapshot = snapshot
                if snapshot {
                    do { assemblies[step] = try CheckpointAssembler(step: step, network: plan.configuration.network) } catch {
                        return end(.failed("\(error)"))
                    }
                    checkpointsUnderWay += 1
                }
                // One that is about to leave has values until others have them.
                for (id, member) in members where member.isStore || member.role == .leaving && holdsValues(id) {
                    member.link.send(.with { $0.commit = commit }, run: run, attempt: attempt)
                }
            }
        }
        finishIfDone()
        considerChange()
    }

    private func committed(_ step: Int) {
        let digests = records.digests(of: step)
        let metrics = records.commit(step, at: MonotonicClock.now)
        board.add(metrics)
        news(.step(step, epoch: metrics.epoch, loss: metrics.loss, rate: metrics.learning_rate, imagesPerSecond: metrics.images_per_second))
        guard metrics.loss.isFinite else {
            return end(
                .failed(
                    "the loss of step \(step) is not a number: training diverged; lower optimizer.learning_rate "
                        + "(now \(metrics.learning_rate)) and start again"))
        }
        do {
            try writer.append(metrics)
            if plan.normsInterval > 0, step % plan.normsInterval == 0, let line = norms.line(step: step, digests) { try writer.append(line) }
        } catch { end(.failed("metrics.jsonl cannot be written: \(error)")) }
    }

    func received(_ report: WireStepReport, worker rank: Int) {
        let step = Int(clamping: report.step)
        guard ledger.isUnderWay(step) else { return }
        records.add(report, worker: rank)
        board.add(report, worker: rank)
        if report.hasTimeline { trace(report.timeline, step: step, "worker", rank) }
        let now = MonotonicClock.now
        switch stragglers.add(worker: rank, seconds: report.leadingSeconds, flops: report.leadingFlops, at: now) {
        case .slow(let worker, let times):
            let sentence = "worker \(worker) takes \((times * 10).rounded() / 10) times as long as the others for the same work"
            writer.event("straggler", sentence, ["rank": "\(worker)", "times": "\(times)"])
            news(.verdict(sentence))
        case .recovered(let worker): writer.event("straggler-recovered", "worker \(worker) keeps up again", ["rank": "\(worker)"])
        case nil: break
        }
        perform(ledger.report(worker: rank, step: step))
    }

    func received(_ stored: WireStepStored, store rank: Int) {
        let step = Int(clamping: stored.step)
        guard ledger.isUnderWay(step) else { return }
        records.add(stored, store: rank)
        board.add(stored, store: rank)
        if stored.hasTimeline { trace(stored.timeline, step: step, "store", rank) }
        perform(ledger.stored(store: rank, step: step))
    }

    private func trace(_ timeline: WireTimeline, step: Int, _ role: String, _ rank: Int) {
        let clock = board.clocks.first { $0.key.role.rawValue == role && $0.key.rank == rank }?.value
        let line = TimelineLine(
            step: step, role: role, rank: rank, origin: clock?.corrected(timeline.origin) ?? timeline.origin,
            uncertainty: clock?.uncertainty,
            spans: timeline.spans.map { .init(name: $0.name, kind: $0.kind.word, start: $0.start, duration: $0.duration) })
        do { try writer.append(line) } catch { end(.failed("timeline.jsonl cannot be written: \(error)")) }
    }

    func isValidationMissing(after step: Int) -> Bool {
        (step > steps.base || !plan.isBaseValidated) && steps.validates(after: step) && !records.validated.contains(step)
    }

    func received(_ report: WireValidationReport, worker rank: Int) {
        let step = Int(clamping: report.step)
        guard step <= ledger.granted, steps.validates(after: step), let report = records.add(report, worker: rank), report.images > 0
        else { return finishIfDone() }
        let images = Double(report.images)
        let metrics = ValidationMetrics(
            step: step, epoch: steps.epoch(step), loss: report.lossSum / images,
            top1Error: Double(report.top1Wrong) / images, top5Error: Double(report.top5Wrong) / images)
        do { try writer.append(metrics) } catch { end(.failed("metrics.jsonl cannot be written: \(error)")) }
        news(
            .validated(
                step: step, loss: metrics.loss, top1Error: metrics.top1_error, top5Error: metrics.top5_error))
        let before = (ledger.reductions, ledger.last)
        perform(ledger.validated(step: step, error: metrics.top1_error))
        if ledger.reductions != before.0 {
            let rate = steps.rate(step + 1, reductions: ledger.reductions)
            writer.event("learning-rate", "the validation error stopped improving: rate \(rate) from step \(step + 1)")
            news(.rateReduced(step: step, rate: Double(rate)))
        } else if ledger.last != before.1 {
            writer.event("plateau", "the validation error stopped improving at the last rate: training ends")
            news(.plateauEnded(step: step))
        }
        finishIfDone()
        considerChange()
    }

    func finishIfDone() {
        // A run that is asked to stop while it holds ends with the checkpoint of what is committed; there is nobody to validate it.
        guard isTraining || hasStarted && isStopping, ledger.isDone, checkpointsUnderWay == 0 else { return }
        let last = ledger.committed
        // The last step's validation is reported after its commit; a step that was to be validated is, even when
        // the run stops there.
        guard !isTraining || !isValidationMissing(after: last) else { return }
        record { $0.work = records.work.lines }
        end(isStopping && last < steps.last ? .interrupted(step: last) : .finished(step: last))
    }
}

extension WireTimeline.Kind {
    /// As timeline.jsonl has it.
    fileprivate var word: TimelineLine.Kind {
        switch self {
        case .compute: .compute
        case .exchangeWait: .exchange_wait
        case .storeWait: .store_wait
        case .dataWait: .data_wait
        case .send: .send
        case .update: .update
        case .other, .UNRECOGNIZED: .other
        }
    }
}
