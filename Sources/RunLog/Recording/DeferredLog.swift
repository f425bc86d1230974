package import Foundation

/// Lines and documents of a run that wait to be written: in order, within a bound of memory. A pure value: what happens goes in, what has to
/// be done comes out. `RunRecorder` has the thread, the clock and the files.
///
/// One write is under way at a time. A file that cannot be written is tried again every second; the others go on meanwhile. Who appends never
/// waits. Where memory runs out, details go first, then every second of the waiting steps; failures and validations are never dropped.
package struct DeferredLog: Sendable {
    /// A file of a run. Where several wait, they are written in this order.
    package enum File: String, CaseIterable, Sendable {
        case record = "run.json"
        case status = "status.json"
        case events = "events.jsonl"
        case metrics = "metrics.jsonl"
        case log = "log.jsonl"
        case timeline = "timeline.jsonl"
    }

    /// Whole lines of one file; of a document, its content as the only one.
    package struct Batch: Sendable, Equatable {
        package let file: File
        package let lines: [EncodedLine]
    }

    package enum Notice: Sendable, Equatable {
        /// Lines wait. It is told at first, and once a minute.
        case waiting(LogBacklog, isReminder: Bool)
        /// Everything that had waited is written.
        case written(LogBacklog)
    }

    package enum Effect: Sendable, Equatable {
        /// Write a batch, and say `wrote` or `failed` afterwards.
        case write(Batch)
        case tell(Notice)
    }

    private struct UnderWay: Sendable {
        let file: File
        let elements: [LineQueue.Element]
        let cost: Int
        let since: Double
    }

    /// A file that could not be written, and when it is tried again.
    private struct Trouble: Sendable {
        let code: Int32
        let retry: Double
    }

    /// From the first write that failed or stalled until everything that waited is written.
    private struct Outage: Sendable {
        let since: Double
        /// The last line that has waited.
        var ticket: Int
        var written = 0
        var isTold = false
    }

    package static let retryInterval = 1.0
    package static let reminderInterval = 60.0
    /// The time after which a write that is under way counts as stalled.
    package static let stallLimit = 5.0
    private static let batchBytes = 1 << 20

    /// Bytes of memory for what waits.
    private let bound: Int
    private var queues: [File: LineQueue] = [:]
    private var documents: [File: Data] = [:]
    private var underWay: UnderWay?
    private var troubles: [File: Trouble] = [:]
    private var outage: Outage?
    private var lastTold: Double?
    private var dropped: [File: Int] = [:]
    /// The number of lines and documents so far.
    package private(set) var ticket = 0

    package init(bound: Int = 64 << 20) { self.bound = bound }

    // MARK: Events

    package mutating func append(_ line: EncodedLine, to file: File, at now: Double) -> [Effect] {
        ticket += 1
        queues[file, default: LineQueue()].append(.init(line: line, ticket: ticket))
        keepWithinBound()
        return dispatch(at: now)
    }

    /// Replaces a document. A version that still waits is not written any more.
    package mutating func replace(_ file: File, with content: Data, at now: Double) -> [Effect] {
        ticket += 1
        documents[file] = content
        keepWithinBound()
        return dispatch(at: now)
    }

    /// The batch under way is written.
    package mutating func wrote(at now: Double) -> [Effect] {
        guard let batch = underWay else { return [] }
        underWay = nil
        troubles[batch.file] = nil
        outage?.written += batch.elements.count
        return notices(at: now) + dispatch(at: now)
    }

    /// The batch under way could not be written.
    /// - Parameter written: The number of its lines that are in the file all the same.
    package mutating func failed(_ code: Int32, after written: Int = 0, at now: Double) -> [Effect] {
        guard let batch = underWay else { return [] }
        underWay = nil
        let rest = batch.elements.dropFirst(written)
        if let content = rest.first, batch.file.isDocument {
            // A newer version may have come meanwhile.
            if documents[batch.file] == nil { documents[batch.file] = content.line.bytes }
        } else {
            queues[batch.file, default: LineQueue()].putBack(rest)
        }
        troubles[batch.file] = Trouble(code: code, retry: now + Self.retryInterval)
        outage?.written += batch.elements.count - rest.count
        return notices(at: now) + dispatch(at: now)
    }

    /// Time has passed; several times a minute.
    package mutating func tick(at now: Double) -> [Effect] { notices(at: now) + dispatch(at: now) }

    // MARK: Facts

    /// Whether everything is written.
    package var isIdle: Bool { underWay == nil && documents.isEmpty && queues.values.allSatisfy(\.isEmpty) }

    /// Whether the lines of a file up to a ticket are written or dropped.
    package func isWritten(_ file: File, through ticket: Int) -> Bool {
        let first = [underWay.flatMap { $0.file == file ? $0.elements.first : nil }, queues[file]?.elements.first]
        return first.allSatisfy { $0.map { $0.ticket > ticket } ?? true }
    }

    /// The error number of a file that could not be written when it was tried last.
    package func failure(of file: File) -> Int32? { troubles[file]?.code }

    /// The lines that wait, and those that were dropped.
    package func backlog(at now: Double) -> LogBacklog {
        var backlog = LogBacklog()
        for file in File.allCases {
            let lines = (queues[file]?.elements.count ?? 0) + (documents[file] == nil ? 0 : 1)
            let count = lines + (underWay.map { $0.file == file ? $0.elements.count : 0 } ?? 0)
            if count > 0 { backlog.waiting[file.rawValue] = file.isDocument ? 1 : count }
            if let count = dropped[file] { backlog.dropped[file.rawValue] = count }
        }
        backlog.code = File.allCases.lazy.compactMap { troubles[$0]?.code }.first
        if let outage { (backlog.seconds, backlog.written) = (now - outage.since, outage.written) }
        return backlog
    }

    // MARK: Rules

    private mutating func dispatch(at now: Double) -> [Effect] {
        guard underWay == nil else { return [] }
        for file in File.allCases where troubles[file].map({ $0.retry <= now }) ?? true {
            var elements: [LineQueue.Element] = []
            if let content = documents.removeValue(forKey: file) {
                elements = [.init(line: EncodedLine(content, worth: .kept), ticket: ticket)]
            } else if queues[file] != nil {
                elements = queues[file]?.take(upTo: Self.batchBytes) ?? []
            }
            guard !elements.isEmpty else { continue }
            underWay = UnderWay(file: file, elements: elements, cost: elements.reduce(0) { $0 + $1.cost }, since: now)
            return [.write(Batch(file: file, lines: elements.map(\.line)))]
        }
        return []
    }

    /// Whether a file cannot be written now, or a write takes long.
    private func isInTrouble(at now: Double) -> Bool {
        !troubles.isEmpty || underWay.map { now - $0.since >= Self.stallLimit } ?? false
    }

    private mutating func notices(at now: Double) -> [Effect] {
        if isInTrouble(at: now) {
            if outage == nil { outage = Outage(since: underWay?.since ?? now, ticket: ticket) }
            outage?.ticket = ticket
            guard lastTold.map({ now - $0 >= Self.reminderInterval }) ?? true, let isReminder = outage?.isTold else { return [] }
            lastTold = now
            outage?.isTold = true
            return [.tell(.waiting(backlog(at: now), isReminder: isReminder))]
        }
        guard let outage, File.allCases.allSatisfy({ isWritten($0, through: outage.ticket) }) else { return [] }
        let backlog = backlog(at: now)
        self.outage = nil
        return outage.isTold ? [.tell(.written(backlog))] : []
    }

    private var cost: Int {
        queues.values.reduce(0) { $0 + $1.cost } + documents.values.reduce(0) { $0 + $1.count } + (underWay?.cost ?? 0)
    }

    /// Drops lines where memory runs out, an eighth of the bound at a time, so that it is not done again for every line.
    private mutating func keepWithinBound() {
        guard cost > bound else { return }
        let target = bound - bound / 8
        for file in [File.timeline, .log, .metrics, .events] where cost > target {
            let excess = cost - target
            let count = queues[file]?.dropDetails(cost: excess) ?? 0
            if count > 0 { dropped[file, default: 0] += count }
        }
        while cost > target {
            let count = queues[.metrics]?.thinSteps() ?? 0
            // What is left is never dropped.
            guard count > 0 else { return }
            dropped[.metrics, default: 0] += count
        }
    }
}

extension DeferredLog.File {
    /// Whether the file is replaced as a whole.
    var isDocument: Bool { self == .record || self == .status }
}
