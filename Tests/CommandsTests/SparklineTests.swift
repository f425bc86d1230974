import Commands
import Testing

@Suite struct SparklineTests {
    @Test func heightsFollowTheMeansOfParts() {
        #expect(Sparkline([0, 1, 2, 3, 4, 5, 6, 7], width: 8).text(.blocks) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline([0, 1, 2, 3, 4, 5, 6, 7], width: 8).text(.plain) == "_.-~=+*#")
        #expect(Sparkline([0, 2, 6, 8], width: 2).text(.blocks) == "▁█")
        #expect(Sparkline([7, 0], width: 60).text(.blocks) == "█▁")
        // 0.5 and 6.5 of means from 0.5 to 13.5: a little below the middle.
        #expect(Sparkline([0, 1, 6, 7, 13, 14], width: 3).text(.blocks) == "▁▄█")
    }

    @Test func valuesThatAreNotFiniteAreLeftOut() {
        #expect(Sparkline([], width: 8).text(.blocks) == "")
        #expect(Sparkline([1, 2], width: 0).text(.blocks) == "" && Sparkline([1, 2], width: -1).text(.blocks) == "")
        #expect(Sparkline([.nan, .infinity], width: 8).text(.blocks) == "  ")
        #expect(Sparkline([1, .nan, 2], width: 3).text(.blocks) == "▁ █")
        #expect(Sparkline([3, 3, 3], width: 3).text(.blocks) == "▅▅▅")
        let largest = Double.greatestFiniteMagnitude
        #expect(Sparkline([-largest, largest, largest, largest], width: 2).text(.plain) == "_#")
    }

    @Test func coloursAndBlocksAreOnlyForTerminalsThatHaveThem() {
        let plain = ["TERM": "xterm", "LANG": "de_DE.UTF-8"]
        func style(_ isTerminal: Bool = true, _ more: [String: String] = [:]) -> TerminalStyle {
            TerminalStyle(isTerminal: isTerminal, environment: plain.merging(more) { $1 })
        }
        #expect(style().hasColor && style().hasUnicode)
        #expect(style().paint("a", .red) == "\u{1B}[31ma\u{1B}[0m")
        #expect(!style(false).hasColor && style(false).paint("a", .red) == "a")
        #expect(!style(true, ["NO_COLOR": "1"]).hasColor && style(true, ["NO_COLOR": ""]).hasColor)
        #expect(!style(true, ["TERM": "dumb"]).hasColor && !style(true, ["TERM": ""]).hasColor)
        #expect(!style(true, ["LC_ALL": "C"]).hasUnicode && style(true, ["LC_ALL": ""]).hasUnicode)
        #expect(style(true, ["LC_ALL": "C.utf8"]).hasUnicode && !style(true, ["LANG": ""]).hasUnicode)
        #expect(style(true, ["LC_ALL": "C"]).sparkline([1, 2], width: 2) == "_#")
    }
}
