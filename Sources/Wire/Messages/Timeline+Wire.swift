public import Threading

extension WireTimeline {
    /// - Parameter describe: names a span's place; nil leaves it out.
    public init(_ stopwatch: Stopwatch, describe: (Int) -> (name: String, kind: Kind)?) {
        self.init()
        origin = stopwatch.origin
        spans = stopwatch.spans.compactMap { span in
            guard let (name, kind) = describe(span.place) else { return nil }
            var message = Span()
            (message.name, message.kind) = (name, kind)
            message.start = UInt64(max(0, (span.start - stopwatch.start) * 1e9))
            message.duration = UInt64(max(0, (span.end - span.start) * 1e9))
            return message
        }
    }
}
