import Commands
import Testing

@Suite struct ProgressTextTests {
    private let style = TerminalStyle(isTerminal: true, environment: ["LANG": "C.UTF-8"])

    @Test func aQuickTaskPrintsNothing() {
        for form in [ProgressText.Form.lines, .bar(style, width: 80)] {
            var text = ProgressText(form, at: 100)
            for tenth in 0...20 { #expect(text.next("reading", Double(tenth) / 20, at: 100 + Double(tenth) / 10) == nil) }
            #expect(text.next("reading", 0.5, at: 102.5) != nil)
        }
    }

    @Test func terminalsGetABarAndFilesALineNowAndThen() {
        var bar = ProgressText(.bar(style, width: 80), at: 0)
        _ = bar.next("reading", 0, at: 0)
        #expect(bar.next("reading", 0.25, at: 4) == "reading  ██████░░░░░░░░░░░░░░░░░░  25 %  12 s left")
        #expect(bar.next("reading", 0.26, at: 4.05) == nil)
        #expect(bar.next("reading", 0.5, "7 images", at: 5)?.hasSuffix("50 %  7 images  5 s left") == true)
        var lines = ProgressText(.lines, at: 0)
        _ = lines.next("reading", 0, at: 0)
        #expect(lines.next("reading", 0.25, at: 4) == "reading: 25 %, 12 s left")
        #expect(lines.next("reading", 0.3, at: 8.9) == nil)
        #expect(lines.next("reading", 0.5, at: 9.1) != nil)
    }

    @Test func aBarFitsItsTerminal() {
        var bar = ProgressText(.bar(TerminalStyle(isTerminal: true, environment: ["LC_ALL": "C"]), width: 20), at: 0)
        #expect(bar.next("reading", 0.5, at: 3) == "reading  ###########")
    }

    /// An import that continues starts in the middle. Its remaining time depends only on the work since then.
    @Test func theTimeLeftCountsOnlyWorkSinceTheStart() {
        var lines = ProgressText(.lines, at: 0)
        _ = lines.next("packing train", 0.5, at: 0)
        #expect(lines.next("packing train", 0.75, at: 10) == "packing train: 75 %, 10 s left")
        #expect(lines.next("packing validation", 0.1, at: 20) == "packing validation: 10 %")
    }

    @Test(arguments: [Double.nan, -.infinity, .infinity, -1, 7]) func invalidFractionsDoNotCrash(fraction: Double) {
        var bar = ProgressText(.bar(style, width: 80), at: 0)
        #expect(bar.next("reading", fraction, at: 3) != nil && bar.next("reading", fraction, at: 4) != nil)
    }
}
