import Foundation
import Interchange
import RunLog
import TestSupport
import Testing

@Suite struct RunEventsTests {
    /// Returns the data of a file's records, whose lengths and checksums must be correct.
    private func records(_ path: String) throws -> [[UInt8]] {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))[...]
        var records: [[UInt8]] = []
        while !bytes.isEmpty {
            try #require(bytes.count >= 16)
            let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            try #require(bytes.count >= 16 + length)
            let data = Array(bytes.dropFirst(12).prefix(length))
            try #require(Array(bytes.prefix(16 + length)) == EventRecord.framed(data))
            records.append(data)
            bytes = bytes.dropFirst(16 + length)
        }
        return records
    }

    /// Returns the step of each event and whether it withdraws the following ones. The time (tag 1, eight bytes) precedes the
    /// step (tag 2), which is omitted at 0, and a SessionLog (tag 7) with the status START (tag 1).
    private func steps(_ path: String) throws -> [String] {
        try records(path).dropFirst().map { data in
            var rest = data.dropFirst(9)
            var step = 0
            if rest.first == 0x10 {
                step = Int(try #require(rest.dropFirst().first))
                rest = rest.dropFirst(2)
            }
            return rest.elementsEqual([0x3A, 2, 8, 1]) ? "from \(step)" : "\(step)"
        }
    }

    private func events(of scratch: RunScratch, points: Int = 100, notice: @escaping (String) -> Void = { _ in }) throws -> RunEvents {
        try RunEvents(of: scratch.directory, to: scratch.runs + "/out", points: points, kernelImages: { _ in [] }, notice: notice)
    }

    @Test func stepsThatAreTrainedAgainAreWithdrawn() throws {
        let scratch = try RunScratch(steps: 10)
        var writer: RunWriter? = try scratch.writer()
        let events = try events(of: scratch)
        for number in 1...5 { try writer?.append(RunScratch.step(number)) }
        try events.update(isLast: false)
        #expect(try steps(events.path) == ["from 0", "1", "2", "3", "4", "5"])
        // Only one writer may be open at a time.
        writer = nil
        writer = try scratch.writer(keeping: 3)
        try writer?.append(RunScratch.step(4, loss: 2))
        try events.update(isLast: false)
        #expect(try steps(events.path).dropFirst(6) == ["from 4", "4"])
        // First the line of step 3 is missing, then the same line is there again.
        // Only one writer may be open at a time.
        writer = nil
        writer = try scratch.writer(keeping: 2)
        try events.update(isLast: false)
        #expect(try steps(events.path).dropFirst(8) == ["from 3"])
        try writer?.append(RunScratch.step(3))
        try writer?.append(ValidationMetrics(step: 3, epoch: 0, loss: 1, top1Error: 0.5, top5Error: 0.2))
        try events.update(isLast: true)
        #expect(try steps(events.path).dropFirst(9) == ["3", "3"])
        // Replaced by the same lines: nothing is written.
        // Only one writer may be open at a time.
        writer = nil
        writer = try scratch.writer(keeping: 3)
        try events.update(isLast: true)
        #expect(try steps(events.path).count == 11)
        // One of a step's two lines is gone.
        let text = try String(contentsOfFile: scratch.directory.metricsPath, encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.contains("validation") }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: scratch.directory.metricsPath), options: .atomic)
        try events.update(isLast: true)
        #expect(try steps(events.path).dropFirst(11) == ["from 0", "1", "2", "3"])
    }

    @Test func aLongRunIsThinnedAndKeepsItsEnds() throws {
        let scratch = try RunScratch(steps: 100)
        let writer = try scratch.writer()
        for number in 1...100 { try writer.append(RunScratch.step(number)) }
        let events = try events(of: scratch, points: 5)
        try events.update(isLast: true)
        #expect(try steps(events.path) == ["from 0", "1", "26", "51", "76", "100"])
    }

    @Test func damagedAndUnknownLinesAreSkipped() throws {
        let scratch = try RunScratch(steps: 10)
        let writer = try scratch.writer()
        try writer.append(RunScratch.step(1))
        let more = [
            #"{"kind":"weather","step":2,"rain":true}"#, #"{"kind":"step"}"#, "nonsense", #"{"kind":"step","step":-3,"loss":1}"#,
            #"{"kind":"step","step":99999999999999999999,"loss":1}"#,
            #"{"kind":"norms","step":3,"tensors":["w"],"weight":[1.5],"update":[0.5]}"#,
            #"{"kind":"norms","step":4,"tensors":["w"]}"#, #"{"kind":"norms","step":4,"tensors":["w"],"weight":[1.5],"update":[]}"#,
            #"{"kind":"step","step":5,"loss":2,"seconds":1e400}"#,
        ]
        try TextFile.append(more.joined(separator: "\n") + "\n", to: scratch.directory.metricsPath)
        try FileManager.default.createDirectory(atPath: scratch.directory.checkpointPath(step: 1), withIntermediateDirectories: true)
        var notices: [String] = []
        let events = try events(of: scratch) { notices.append($0) }
        try events.update(isLast: true)
        let found = try steps(events.path)
        #expect(found == ["from 0", "1", "3"])
        for tag in ["weight_norm/w", "update_norm/w"] {
            #expect(try records(events.path).contains { $0.firstRange(of: Array(tag.utf8)) != nil })
        }
        #expect(notices.count == 1 && notices[0].contains("step 1"))
    }

    @Test func aConversionReplacesAnotherAndLeavesOtherFiles() throws {
        let scratch = try RunScratch(steps: 10)
        _ = try scratch.writer()
        let other = scratch.runs + "/out/events.out.tfevents.1.elsewhere"
        try FileManager.default.createDirectory(atPath: scratch.runs + "/out", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: other))
        func sizes() throws -> [Int] {
            try FileManager.default.contentsOfDirectory(atPath: scratch.runs + "/out").map {
                try #require(try FileManager.default.attributesOfItem(atPath: scratch.runs + "/out/" + $0)[.size] as? Int)
            }.sorted()
        }
        // The previous file remains as an empty file; a TensorBoard that reads it would wait for it for ever.
        var before: String?
        for conversion in 0..<3 {
            // Files of one process and second have the same name.
            if let before {
                let renamed = before.replacingOccurrences(of: "tfevents.", with: "tfevents.\(conversion).")
                try FileManager.default.moveItem(atPath: before, toPath: renamed)
            }
            let events = try events(of: scratch)
            before = events.path
            try events.update(isLast: true)
            let found = try sizes()
            #expect(found.count == min(3, 2 + conversion) && found.dropLast().allSatisfy { $0 == 0 } && (found.last ?? 0) > 0, "\(found)")
        }
        #expect(FileManager.default.fileExists(atPath: other))
        #expect(throws: (any Error).self) {
            try RunEvents(of: scratch.directory, to: other + "/below", points: 5, kernelImages: { _ in [] }, notice: { _ in })
        }
    }
}
