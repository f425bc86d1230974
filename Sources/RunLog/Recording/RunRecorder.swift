import Foundation
import Glibc
import Platform

/// Records a run without waiting for its disk: lines are put into a `DeferredLog`, and a thread of the recorder's own writes them. Its
/// methods may be called from any thread, and only those that say so wait.
public final class RunRecorder: Sendable {
    private struct State: Sendable {
        var log = DeferredLog()
        var record: RunRecord
        /// What the thread writes next.
        var order: DeferredLog.Batch?
        var flush = Flush()
        var isStopped = false
        /// Whether the disk was too slow for a step's line, and has not caught up since.
        var isBehind = false
        var listener: (@Sendable (DeferredLog.Notice) -> Void)?
    }

    /// Flushes that somebody waits for.
    private struct Flush: Sendable {
        /// The last line that somebody wants to be on disk, and the last that is.
        var wanted = 0
        var done = 0
        /// The number of flushes that failed, and the last one's error.
        var failures = 0
        var code: Int32 = EIO
    }

    /// The longest time that a step waits for its line, in seconds.
    private static let moment = 0.05

    private enum Job { case write(DeferredLog.Batch), flush(ticket: Int), tick, end }

    public let directory: RunDirectory
    /// The right to write the run.
    public var lease: RunLeaseKeeper { writer.lease }
    private let writer: RunWriter
    private let state: Monitor<State>

    /// - Parameter writer: is the recorder's from now on.
    public init(_ writer: RunWriter) {
        directory = writer.directory
        self.writer = writer
        let state = Monitor(State(record: writer.writtenRecord))
        self.state = state
        _ = ServiceThread(name: "run-log") { Self.work(state, writer) }
    }

    deinit { state.update { $0.isStopped = true } }

    /// Takes notices of lines that wait and of their end.
    /// - Parameter listener: is called from any thread.
    package func listen(_ listener: @escaping @Sendable (DeferredLog.Notice) -> Void) { state.update { $0.listener = listener } }

    // MARK: Recording

    /// Changes run.json.
    public func update(_ body: (inout RunRecord) -> Void) {
        apply { state, now in
            body(&state.record)
            // A record of plain values always has a form as JSON.
            return (try? RunWriter.content(state.record)).map { state.log.replace(.record, with: $0, at: now) } ?? []
        }
    }

    // These throw where a figure is not finite, which JSON does not have. A disk is no reason to throw.

    /// Appends the line of a step, and waits a moment until it is in its file: then no process that takes the run over finds a step in the
    /// stores' memory that has no line. A disk that is slower is not waited for, here and until it has caught up.
    public func append(_ step: StepMetrics) throws {
        append(try EncodedLine(step), to: .metrics)
        awaitMetrics()
    }

    public func append(_ validation: ValidationMetrics) throws { append(try EncodedLine(validation), to: .metrics) }
    public func append(_ norms: NormsMetrics) throws { append(try EncodedLine(norms), to: .metrics) }
    public func append(_ line: TimelineLine) throws { append(try EncodedLine(line), to: .timeline) }
    public func append(_ line: LogLine) throws { append(try EncodedLine(line), to: .log) }

    /// Appends an event to events.jsonl.
    /// - Parameter facts: further keys of the line.
    public func event(_ kind: String, _ message: String, _ facts: [String: String] = [:]) {
        // Text always has a form as JSON.
        guard let line = try? EncodedLine(RunWriter.event(kind, message, facts)) else { return }
        append(line, to: .events)
    }

    /// Replaces status.json.
    public func write(_ status: RunStatus) {
        guard let content = try? EncodedLine.bytes(status) else { return }
        apply { state, now in state.log.replace(.status, with: content, at: now) }
    }

    private func append(_ line: EncodedLine, to file: DeferredLog.File) {
        apply { state, now in state.log.append(line, to: file, at: now) }
    }

    private func awaitMetrics() {
        let ticket = state.update { state -> Int? in
            // One line waits at least: the one that was just appended.
            if state.isBehind { state.isBehind = !state.log.isWritten(.metrics, through: state.log.ticket - 1) }
            return state.isBehind ? nil : state.log.ticket
        }
        guard let ticket else { return }
        let end: Bool? = state.wait(timeout: Self.moment) { state in
            let isOver = state.log.isWritten(.metrics, through: ticket) || state.log.failure(of: .metrics) != nil || state.isStopped
            return isOver ? true : nil
        }
        if end == nil { state.update { $0.isBehind = true } }
    }

    /// Tells the recorder that time has passed; several times a minute. Its thread may be waiting for the disk.
    public func tick() { apply { state, now in state.log.tick(at: now) } }

    // MARK: Waiting

    /// Drops the lines of later steps, which will be trained again. It waits for the disk, so it is for a run that is taken over and does not
    /// train yet.
    public func keep(through step: Int) throws {
        guard drain(within: 10).waiting.isEmpty else { throw RunLogError("the run's log cannot be written: lines wait for the disk") }
        try writer.keep(through: step)
    }

    /// Waits until every line of the metrics so far is on disk.
    ///
    /// Call it before a checkpoint is written, so that a run resumed from it has the lines of all earlier steps even after a crash of the
    /// machine. Call it from a separate thread, because the disk may be slow.
    /// - Parameter seconds: the longest wait; nil waits without limit.
    /// - Throws: `RunLogError` if lines of the metrics cannot be written now.
    public func flush(within seconds: Double? = nil) throws {
        let (ticket, failures) = state.update { state in
            state.flush.wanted = max(state.flush.wanted, state.log.ticket)
            return (state.log.ticket, state.flush.failures)
        }
        let outcome: FlushOutcome? = state.wait(timeout: seconds) { state in
            if state.flush.done >= ticket { return .done }
            if state.isStopped { return .failed(EIO) }
            if let code = state.log.failure(of: .metrics) { return .failed(code) }
            return state.flush.failures > failures ? .failed(state.flush.code) : nil
        }
        switch outcome {
        case .done: break
        case .failed(let code): throw RunLogError("the run's log cannot be written: \(String(cString: strerror(code)))", code: code)
        case nil: throw RunLogError("the run's log cannot be written: the disk does not answer")
        }
    }

    private enum FlushOutcome { case done, failed(Int32) }

    /// Waits until everything is written, at most for some seconds, and only while the run is this process's.
    /// - Returns: what is missing.
    @discardableResult public func drain(within seconds: Double) -> LogBacklog {
        let deadline = MonotonicClock.now + seconds
        while true {
            tick()
            let left = deadline - MonotonicClock.now
            guard left > 0, state.wait(timeout: min(left, 0.25), until: { $0.log.isIdle || $0.isStopped ? true : nil }) == nil else {
                break
            }
        }
        return state.read { $0.log.backlog(at: MonotonicClock.now) }
    }

    /// Ends the recording, after everything is written and on disk, or some seconds have passed.
    /// - Returns: what is missing for good.
    public func finish(within seconds: Double) -> LogBacklog {
        var backlog = drain(within: seconds)
        if backlog.waiting.isEmpty {
            do { try flush(within: seconds) } catch {
                backlog.waiting[DeferredLog.File.metrics.rawValue] = 1
                backlog.code = (error as? RunLogError)?.code
            }
        }
        state.update { state in
            state.isStopped = true
            state.listener = nil
        }
        return backlog
    }

    // MARK: The thread

    private func apply(_ body: (inout State, Double) -> [DeferredLog.Effect]) { Self.apply(state, body) }

    private static func apply(_ state: Monitor<State>, _ body: (inout State, Double) -> [DeferredLog.Effect]) {
        var notices: [DeferredLog.Notice] = []
        let listener = state.update { state in
            for effect in body(&state, MonotonicClock.now) {
                switch effect {
                case .write(let batch): state.order = batch
                case .tell(let notice): notices.append(notice)
                }
            }
            return state.listener
        }
        // The listener may record something itself.
        for notice in notices { listener?(notice) }
    }

    private static func work(_ state: Monitor<State>, _ writer: RunWriter) {
        while true {
            switch state.wait(timeout: 0.5, until: next) ?? .tick {
            case .write(let batch):
                let result = writer.write(batch.lines, to: batch.file)
                // Another coordinator has taken over: what waits belongs into no file any more, and no disk is to blame.
                guard result.code == nil || writer.lease.isHeld else {
                    return state.update { ($0.isStopped, $0.listener) = (true, nil) }
                }
                apply(state) { state, now in
                    result.code.map { state.log.failed($0, after: result.written, at: now) } ?? state.log.wrote(at: now)
                }
            case .flush(let ticket):
                let result = Result { try writer.flush() }
                state.update { state in
                    switch result {
                    case .success: state.flush.done = max(state.flush.done, ticket)
                    case .failure(let error):
                        state.flush.wanted = state.flush.done
                        state.flush.failures += 1
                        state.flush.code = (error as? RunLogError)?.code ?? EIO
                    }
                }
            case .tick: apply(state) { state, now in state.log.tick(at: now) }
            case .end: return
            }
        }
    }

    private static func next(_ state: inout State) -> Job? {
        if state.isStopped { return .end }
        if let batch = state.order {
            state.order = nil
            return .write(batch)
        }
        let flush = state.flush
        guard flush.wanted > flush.done, state.log.isWritten(.metrics, through: flush.wanted), state.log.failure(of: .metrics) == nil else {
            return nil
        }
        return .flush(ticket: flush.wanted)
    }
}
