import Foundation
import RunLog
import Testing

@Suite struct LineChartTests {
    @Test(arguments: [(0.0, 1.0), (0.31, 2.47), (12.0, 99_000.0), (-3.0, 3.0), (0.001, 0.0011)])
    func ticksAreRoundAndCoverTheRange(low: Double, high: Double) {
        let ticks = LineChart.ticks(low, high)
        #expect((3...9).contains(ticks.count))
        #expect(ticks[0] <= low && ticks[ticks.count - 1] >= high)
        let step = ticks[1] - ticks[0]
        let mantissa = step / pow(10, floor(log10(step) + 1e-9))
        #expect([1, 2, 5].contains { abs($0 - mantissa) < 1e-6 })
    }

    @Test func spikesSurviveThinning() {
        var points = (0..<100_000).map { (x: Double($0), y: 1.0) }
        points[54_321].y = 9
        points[77_777].y = -9
        let thinned = LineChart.thinned(points)
        #expect(thinned.count <= 700)
        #expect(thinned.contains { $0 == (54_321, 9) } && thinned.contains { $0 == (77_777, -9) })
        #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x <= $1.x })
    }

    /// Names that do not fit beside the title are below it, in order, and inside the chart.
    @Test func aLongLegendTakesMoreRows() throws {
        let names = (0..<LineChart.lineLimit).map { "a run with a long name \($0)" }
        let chart = LineChart(title: "title", xLabel: "x", yLabel: "y", lines: names.map { .init($0, [(0, 0), (1, 1)]) })
        _ = try XMLDocument.wellFormed(chart.document)
        let expression = try Regex("<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" text-anchor=\"end\"[^>]*>a run with a long name ([0-9])")
        let places = chart.document.matches(of: expression).map { match in (1...3).map { Double(match.output[$0].substring!)! } }
            .sorted { $0[2] < $1[2] }
        #expect(places.count == names.count)
        for (one, next) in zip(places, places.dropFirst()) { #expect(one[1] < next[1] || one[1] == next[1] && next[0] - one[0] > 7.0 * 24) }
        #expect(places.allSatisfy { $0[0] > 7.0 * 24 && $0[0] <= 720 } && Set(places.map { $0[1] }).count > 1)
        // One name fits beside the title.
        let short = LineChart(title: "title", xLabel: "x", yLabel: "y", lines: [.init("short", [(0, 0), (1, 1)])])
        #expect(short.svg.contains("viewBox=\"0 0 720 320\""))
    }

    @Test func textIsEscapedAndAnEmptyChartIsNoError() throws {
        var chart = LineChart(
            title: "a <b> & \"c\"", xLabel: "x", yLabel: "y", lines: [.init("<script>", [(1, 2), (2, .nan), (3, 4)])])
        for _ in 0..<2 {
            _ = try XMLDocument.wellFormed(chart.svg)
            #expect(!chart.svg.contains("<script>") && !chart.svg.contains("nan"))
            chart.lines = []
        }
        #expect(chart.svg.contains("nothing was recorded"))
    }
}

private enum XMLDocument {
    /// Whether all elements are closed in the reverse order in which they are opened.
    static func wellFormed(_ text: String) throws -> Int {
        var open: [Substring] = []
        for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            let name = part.prefix { $0 != " " && $0 != ">" && $0 != "/" }
            if part.hasPrefix("/") {
                let closed = part.dropFirst().prefix { $0 != ">" }
                try #require(open.popLast() == closed)
            } else if part.prefix(while: { $0 != ">" }).last != "/" {
                open.append(name)
            }
        }
        try #require(open.isEmpty)
        return open.count
    }
}
