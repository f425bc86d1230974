public import Foundation

/// Exports timelines as Chrome trace events, which Perfetto and chrome://tracing display.
///
/// Each role and rank is a process. An arrow leads from each send to the wait that it ends.
public enum ChromeTrace {
    private struct Event: Encodable {
        var name: String
        /// X: complete event, M: metadata, s and f: start and end of an arrow.
        var ph: String
        var pid: Int
        var tid = 0
        /// Microseconds.
        var ts: Double?
        var dur: Double?
        var cat: String?
        var id: Int?
        var bp: String?
        var args: [String: String]?
    }

    /// The number of events that are encoded at a time.
    private static let part = 4096

    /// Returns the trace as JSON.
    /// - Parameter progress: is called regularly with the fraction that has been written.
    public static func json(_ lines: [TimelineLine], progress: (Double) -> Void = { _ in }) throws -> Data {
        let roles = Set(lines.map { "\($0.role) \($0.rank)" })
            .sorted { ($0.hasPrefix("store") ? 1 : 0, $0) < ($1.hasPrefix("store") ? 1 : 0, $1) }
        let processes = Dictionary(uniqueKeysWithValues: roles.enumerated().map { ($1, $0) })
        let origin = lines.map(\.origin).min() ?? 0
        var events = roles.enumerated().map { Event(name: "process_name", ph: "M", pid: $0, args: ["name": $1]) }
        // Starts of sends and ends of waits, keyed by step, slab and pair of workers.
        var sent: [String: (pid: Int, time: Double)] = [:]
        var waited: [String: (pid: Int, time: Double)] = [:]
        for line in lines {
            guard let pid = processes["\(line.role) \(line.rank)"] else { continue }
            let shift = Double(line.origin - origin) / 1e3
            for span in line.spans {
                let start = shift + Double(span.start) / 1e3
                let end = start + Double(span.duration) / 1e3
                events.append(
                    Event(
                        name: span.name, ph: "X", pid: pid, ts: start, dur: end - start, cat: span.kind.rawValue,
                        args: ["step": "\(line.step)"]))
                if span.kind == .send, let parts = split(span.name, " to worker ") {
                    sent["\(line.step) \(parts.0) \(line.rank) \(parts.1)"] = (pid, start)
                } else if span.kind == .exchange_wait, let parts = split(span.name, " from worker ") {
                    waited["\(line.step) \(parts.0) \(parts.1) \(line.rank)"] = (pid, end)
                }
            }
        }
        for (index, key) in sent.keys.sorted().enumerated() {
            guard let from = sent[key], let to = waited[key] else { continue }
            events.append(Event(name: "slab", ph: "s", pid: from.pid, ts: from.time, cat: "exchange", id: index))
            events.append(Event(name: "slab", ph: "f", pid: to.pid, ts: max(from.time, to.time), cat: "exchange", id: index, bp: "e"))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = Data(#"{"displayTimeUnit":"ms","traceEvents":["#.utf8)
        for start in stride(from: 0, to: events.count, by: part) {
            let end = min(start + part, events.count)
            if start > 0 { json.append(UInt8(ascii: ",")) }
            // The array's elements without its brackets.
            json.append(try encoder.encode(Array(events[start..<end])).dropFirst().dropLast())
            progress(Double(end) / Double(events.count))
        }
        json.append(contentsOf: "]}".utf8)
        return json
    }

    private static func split(_ text: String, _ separator: String) -> (String, String)? {
        guard let range = text.range(of: separator) else { return nil }
        return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
    }
}
