import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// What waits for a disk that is full, slow or read-only: the order of lines, the bound of memory, and what is said.
@Suite struct DeferredLogTests {
    private func line(_ text: String, _ worth: EncodedLine.Worth = .kept) -> EncodedLine {
        EncodedLine(Data("\(text)\n".utf8), worth: worth)
    }

    /// The write among some effects, as the file's name and its lines.
    private func write(_ effects: [DeferredLog.Effect]) -> String? {
        effects.lazy.compactMap { effect -> String? in
            guard case .write(let batch) = effect else { return nil }
            return batch.file.rawValue + " "
                + batch.lines.map { String(decoding: $0.bytes.dropLast(), as: UTF8.self) }.joined(separator: ",")
        }.first
    }

    private func notices(_ effects: [DeferredLog.Effect]) -> [DeferredLog.Notice] {
        effects.compactMap { if case .tell(let notice) = $0 { notice } else { nil } }
    }

    @Test func oneWriteIsUnderWayAndLinesKeepTheirOrder() {
        var log = DeferredLog()
        #expect(write(log.append(line("1"), to: .metrics, at: 0)) == "metrics.jsonl 1")
        #expect(log.append(line("2"), to: .metrics, at: 0).isEmpty)
        #expect(log.append(line("a"), to: .events, at: 0).isEmpty)
        #expect(log.append(line("3"), to: .metrics, at: 0).isEmpty)
        // Events come before metrics where both wait.
        #expect(write(log.wrote(at: 0)) == "events.jsonl a")
        #expect(write(log.wrote(at: 0)) == "metrics.jsonl 2,3")
        #expect(log.wrote(at: 0).isEmpty)
        #expect(log.isIdle)
        // An answer that nobody waits for changes nothing.
        #expect(log.wrote(at: 0).isEmpty && log.failed(ENOSPC, at: 0).isEmpty && log.isIdle)
    }

    @Test func aDocumentIsReplacedByItsNewestVersion() {
        var log = DeferredLog()
        #expect(write(log.replace(.record, with: Data("1\n".utf8), at: 0)) == "run.json 1")
        _ = log.replace(.record, with: Data("2\n".utf8), at: 0)
        _ = log.replace(.record, with: Data("3\n".utf8), at: 0)
        // The version that failed is older than the one that waits.
        _ = log.failed(ENOSPC, at: 0)
        #expect(write(log.tick(at: 1)) == "run.json 3")
        // And here it is the newest.
        _ = log.failed(ENOSPC, at: 1)
        #expect(write(log.tick(at: 2)) == "run.json 3")
        #expect(log.wrote(at: 2).contains { if case .write = $0 { true } else { false } } == false && log.isIdle)
    }

    @Test func aFailedFileIsTriedAgainEverySecondAndOthersGoOn() {
        var log = DeferredLog()
        _ = log.append(line("1"), to: .metrics, at: 0)
        _ = log.append(line("2"), to: .metrics, at: 0)
        _ = log.append(line("a"), to: .events, at: 0)
        #expect(write(log.failed(EIO, at: 0)) == "events.jsonl a")
        #expect(log.failure(of: .metrics) == EIO && log.failure(of: .events) == nil)
        #expect(write(log.wrote(at: 0)) == nil)
        #expect(write(log.tick(at: 0.9)) == nil)
        #expect(write(log.append(line("3"), to: .metrics, at: 0.95)) == nil)
        #expect(write(log.tick(at: 1)) == "metrics.jsonl 1,2,3")
        // Two lines are in the file before it fails again.
        #expect(write(log.failed(ENOSPC, after: 2, at: 1)) == nil)
        #expect(!log.isWritten(.metrics, through: log.ticket) && log.isWritten(.metrics, through: 2))
        #expect(write(log.tick(at: 2)) == "metrics.jsonl 3")
        #expect(!log.isWritten(.metrics, through: log.ticket))
        _ = log.wrote(at: 2)
        #expect(log.isWritten(.metrics, through: log.ticket) && log.failure(of: .metrics) == nil && log.isIdle)
    }

    @Test func anOutageIsSaidOnceAMinuteAndItsEndOnce() throws {
        var log = DeferredLog()
        _ = log.append(line("1"), to: .metrics, at: 0)
        guard case .waiting(let backlog, isReminder: false)? = notices(log.failed(ENOSPC, at: 0)).first else {
            Issue.record("nothing is said of the first failure")
            return
        }
        #expect(backlog.waiting == ["metrics.jsonl": 1] && backlog.code == ENOSPC)
        #expect(backlog.waitingSentence.contains("full") && backlog.waitingSentence.contains("1 line of its log waits"))
        var said = 0
        for second in 1..<130 {
            var effects = log.append(line("x"), to: .metrics, at: Double(second)) + log.tick(at: Double(second))
            if write(effects) != nil { effects += log.failed(ENOSPC, at: Double(second)) }
            for notice in notices(effects) {
                guard case .waiting(_, isReminder: true) = notice else { continue }
                said += 1
            }
        }
        #expect(said == 2)
        #expect(write(log.tick(at: 130)) != nil)
        guard case .written(let end)? = notices(log.wrote(at: 131)).first else {
            Issue.record("nothing is said of the end")
            return
        }
        #expect(end.written == 130 && end.seconds == 131 && end.isEmpty)
        // A second outage within the same minute is not said, nor is its end.
        _ = log.append(line("2"), to: .metrics, at: 132)
        #expect(notices(log.failed(ENOSPC, at: 132)).isEmpty)
        _ = log.tick(at: 133)
        #expect(notices(log.wrote(at: 133)).isEmpty && log.isIdle)
    }

    /// A write that does not return is a disk that is slow: lines wait, and it is said.
    @Test func aSlowDiskIsSaidWhileTheWriteIsUnderWay() {
        var log = DeferredLog()
        _ = log.append(line("1"), to: .metrics, at: 0)
        _ = log.append(line("2"), to: .metrics, at: 1)
        #expect(notices(log.tick(at: DeferredLog.stallLimit - 0.1)).isEmpty)
        guard case .waiting(let backlog, isReminder: false)? = notices(log.tick(at: DeferredLog.stallLimit)).first else {
            Issue.record("nothing is said of the slow disk")
            return
        }
        #expect(backlog.waitingCount == 2 && backlog.code == nil && backlog.waitingSentence.contains("does not answer"))
        // The line that came while the disk was slow belongs to it.
        #expect(notices(log.wrote(at: 9)).isEmpty)
        #expect(notices(log.wrote(at: 9)).count == 1 && log.isIdle)
    }

    @Test func whereMemoryRunsOutDetailsGoFirstThenStepsAreThinned() {
        var log = DeferredLog(bound: 20_000)
        func fail() { _ = log.failed(ENOSPC, at: 0) }
        _ = log.append(line("first", .step), to: .metrics, at: 0)
        fail()
        for number in 0..<60 {
            _ = log.append(line("lost \(number)"), to: .events, at: 0.1)
            fail()
            _ = log.append(line("validation \(number)"), to: .metrics, at: 0.1)
            _ = log.append(line("trace \(number)", .detail), to: .timeline, at: 0.1)
            fail()
        }
        var backlog = log.backlog(at: 1)
        let steps = backlog.waiting["metrics.jsonl"]
        #expect((backlog.dropped["timeline.jsonl"] ?? 0) > 0 && backlog.dropped["metrics.jsonl"] == nil)
        #expect(backlog.waiting["events.jsonl"] == 60 && steps == 61)
        // The newest details are still there.
        #expect((backlog.waiting["timeline.jsonl"] ?? 0) > 0)
        for number in 0..<1000 { _ = log.append(line("step \(number)", .step), to: .metrics, at: 0.2) }
        backlog = log.backlog(at: 1)
        #expect(backlog.waiting["timeline.jsonl"] == nil && backlog.waiting["events.jsonl"] == 60)
        #expect((backlog.dropped["metrics.jsonl"] ?? 0) > 800)
        // The first and the newest steps are there, in order, and all validations.
        var texts: [String] = []
        var effects = log.tick(at: 1)
        while let written = write(effects) {
            texts += written.split(separator: " ", maxSplits: 1)[1].split(separator: ",").map(String.init)
            effects = log.wrote(at: 1)
        }
        #expect(log.isIdle)
        let numbers = texts.filter { $0.hasPrefix("step ") }.compactMap { Int($0.dropFirst(5)) }
        #expect(numbers == numbers.sorted() && numbers.last == 999 && texts.contains("first"))
        #expect(texts.count { $0.hasPrefix("validation ") } == 60 && texts.count { $0.hasPrefix("lost ") } == 60)
        #expect(log.backlog(at: 30).dropped == backlog.dropped)
    }

    /// Whatever the order of appends, writes, failures and time: every line that is not dropped is written once, in its file's order.
    @Test func everyOrderOfEventsWritesEveryLineOnceAndInOrder() {
        for seed in 1...300 {
            var random = SeededGenerator(seed: UInt64(seed))
            var log = DeferredLog()
            var (now, next) = (0.0, 0)
            var appended: [DeferredLog.File: [EncodedLine]] = [:]
            var written: [DeferredLog.File: [EncodedLine]] = [:]
            var underWay: DeferredLog.Batch?
            func take(_ effects: [DeferredLog.Effect]) {
                for case .write(let batch) in effects {
                    #expect(underWay == nil, "two writes at once")
                    underWay = batch
                }
            }
            func act(_ choice: Int) {
                switch (choice, underWay) {
                case (0...3, _):
                    let file = [DeferredLog.File.events, .metrics, .timeline][Int.random(in: 0..<3, using: &random)]
                    next += 1
                    let line = self.line("\(next)")
                    appended[file, default: []].append(line)
                    take(log.append(line, to: file, at: now))
                case (4...6, let batch?):
                    underWay = nil
                    written[batch.file, default: []] += batch.lines
                    take(log.wrote(at: now))
                case (7...8, let batch?):
                    underWay = nil
                    let count = Int.random(in: 0..<batch.lines.count, using: &random)
                    written[batch.file, default: []] += batch.lines.prefix(count)
                    take(log.failed(ENOSPC, after: count, at: now))
                default:
                    now += 0.4
                    take(log.tick(at: now))
                }
            }
            for _ in 0..<200 { act(Int.random(in: 0..<10, using: &random)) }
            for _ in 0..<200 where !log.isIdle { act(underWay == nil ? 9 : 4) }
            #expect(log.isIdle && written == appended, "seed \(seed)")
        }
    }
}
