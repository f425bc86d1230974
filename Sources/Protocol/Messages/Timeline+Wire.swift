public import Platform

extension WireTimeline {
    /// Converts a stopwatch's spans, in nanoseconds since its origin.
    /// - Parameter describe: returns a span's name and kind by its `index`; spans without are omitted.
    public init(_ stopwatch: Stopwatch, describe: (Int) -> (name: String, kind: Kind)?) {
        self.init()
        origin = stopwatch.origin
        spans = stopwatch.spans.compactMap { span in
            guard let (name, kind) = describe(span.index) else { return nil }
            var message = Span()
            (message.name, message.kind) = (name, kind)
            message.start = UInt64(max(0, (span.start - stopwatch.start) * 1e9))
            message.duration = UInt64(max(0, (span.end - span.start) * 1e9))
            return message
        }
    }
}
