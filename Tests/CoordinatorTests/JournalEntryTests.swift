import Coordinator
import Testing

/// The lines of events.jsonl.
@Suite struct JournalEntryTests {
    private static let entries: [(JournalEntry, String?)] = [
        (.started(from: 0, last: 30), "1"), (.started(from: 156, last: 300), "157"), (.started(from: 30, last: 30), "30"),
        (.checkpoint(step: 20, path: "p"), "20"), (.rateReduced(step: 40, rate: 0.001), "41"), (.plateau(step: 60), "60"),
        (.paused(step: 156, reasons: ["r"]), "156"), (.resumed(step: 156, attempt: 1), "156"), (.refused("r"), nil),
        (.spare(place: "p"), nil),
    ]

    @Test func anEventThatIsAboutAStepNamesIt() throws {
        for (entry, step) in Self.entries {
            let event = try #require(entry.event)
            #expect(event.facts["step"] == step, "\(event.kind)")
        }
    }
}
