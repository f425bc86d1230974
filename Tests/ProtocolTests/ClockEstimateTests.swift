import Protocol
import SwiftProtobuf
import Testing

@Suite struct ClockEstimateTests {
    @Test func theShortestRoundTripCounts() throws {
        var clock = ClockEstimate()
        // The coordinator's clock is 5000 ahead; the long trips are asymmetric.
        clock.add(sent: 1_000, remote: 6_900, received: 2_000)
        clock.add(sent: 10_000, remote: 15_050, received: 10_100)
        clock.add(sent: 20_000, remote: 25_010, received: 21_000)
        let best = try #require(clock.best)
        #expect(best.offset == 5_000 && best.uncertainty == 50)
    }

    @Test func theTrueOffsetLiesWithinTheUncertainty() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let offset = Int64.random(in: -1_000_000_000...1_000_000_000, using: &generator)
            var clock = ClockEstimate()
            for _ in 0..<5 {
                let (there, back) = (UInt64.random(in: 1...1_000_000), UInt64.random(in: 1...1_000_000))
                let sent = UInt64.random(in: 2_000_000_000...3_000_000_000)
                clock.add(sent: sent, remote: UInt64(Int64(sent + there) + offset), received: sent + there + back)
            }
            let best = try #require(clock.best)
            #expect((best.offset - offset).magnitude <= best.uncertainty + 1)
        }
    }

    @Test func implausibleRoundTripsAreIgnored() {
        var clock = ClockEstimate()
        clock.add(sent: 5, remote: 1, received: 4)
        clock.add(sent: 0, remote: 1, received: 3_600_000_000_000)
        #expect(clock.best == nil)
    }

    @Test func theEstimateFollowsAClockThatIsSet() throws {
        var clock = ClockEstimate()
        clock.add(sent: 100, remote: 105, received: 110)
        for _ in 0..<ClockEstimate.window { clock.add(sent: 1_000, remote: 51_500, received: 2_000) }
        #expect(try #require(clock.best).offset == 50_000)
    }

    @Test func theLogReportsHowManyLinesWereDropped() throws {
        let log = ProcessLog { _ in }
        for line in 1...(ProcessLog.limit + 7) { log("line \(line)") }
        let first = try #require(log.take())
        #expect(first.dropped == 7 && first.lines.first?.text == "line 8")
        var rest = first.lines.count
        while let more = log.take() {
            #expect(more.dropped == 0)
            rest += more.lines.count
        }
        #expect(rest == ProcessLog.limit)
        log.error(String(repeating: "é", count: 5000))
        #expect(try #require(log.take()).lines[0].text.utf8.count <= ProcessLog.lineLimit + 3)
    }
}
