import Commands
import Testing

@Suite struct TextTableTests {
    private let table = TextTable(
        [.init("name"), .init("state", isLeft: true), .init("step"), .init("done", rank: 2), .init("error", rank: 1)],
        [["a", "running", "8/20", "40 %", "50.00 %"], ["a-long-name-of-a-run", "failed", "0/20", "0 %", "-"]])

    @Test func withoutATerminalTheTableIsAsWideAsItIs() {
        let whole = """
            name                  state    step  done    error
            a                     running  8/20  40 %  50.00 %
            a-long-name-of-a-run  failed   0/20   0 %        -
            """
        #expect(table.text() == whole)
        #expect(table.text(width: 50) == whole)
    }

    @Test func columnsAreLeftOutByRank() {
        #expect(table.text(width: 49).split(separator: "\n")[1] == "a                     running  8/20  50.00 %")
        #expect(table.text(width: 42).split(separator: "\n")[1] == "a                     running  8/20")
    }

    @Test func namesAreShortenedLast() {
        let lines = table.text(width: 30).split(separator: "\n").map(String.init)
        #expect(lines[2] == "a-long-…f-a-run  failed   0/20")
        #expect(lines.allSatisfy { $0.count <= 30 })
        // What cannot be shortened stays.
        #expect(table.text(width: 1).split(separator: "\n")[2].hasPrefix("a-"))
    }

    @Test func colorsHaveNoWidth() {
        let painted = table.text { text, row, column in row == 0 && column == 1 ? "<\(text)>" : text }
        #expect(painted.split(separator: "\n")[1] == "a                     <running>  8/20  40 %  50.00 %")
    }
}

@Suite struct TextLinesTests {
    @Test func textBreaksBetweenWords() {
        #expect(TextLines.wrapped("one two three", width: nil) == "one two three")
        #expect(TextLines.wrapped("one two three", width: 13) == "one two three")
        #expect(TextLines.wrapped("one two three", width: 8) == "one two\nthree")
        #expect(TextLines.wrapped("one two three four", width: 9, indent: 2) == "one two\n  three\n  four")
    }

    @Test func aWordThatIsTooLongBreaksAnywhere() {
        #expect(TextLines.wrapped("abcdefgh", width: 3) == "abc\ndef\ngh")
        #expect(TextLines.wrapped("at abcdefgh", width: 4) == "at\nabcd\nefgh")
    }

    @Test func valuesContinueBelowWhereTheyBegin() {
        let rows = [(name: "run", value: "a"), (name: "checkpoint", value: "runs/a/checkpoints/step-00000008")]
        #expect(TextLines.facts(rows, width: nil) == "run         a\ncheckpoint  runs/a/checkpoints/step-00000008")
        let narrow = TextLines.facts(rows, width: 36)
        #expect(narrow == "run         a\ncheckpoint  runs/a/checkpoints/step-\n            00000008")
        #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 36 })
    }

    @Test func partsAreLeftOutByRank() {
        let parts = [(text: "step 8/20", rank: 0), (text: "epoch 0", rank: 2), (text: "rate 0.01", rank: 3), (text: "3 s left", rank: 0)]
        #expect(TextLines.line(parts, width: nil) == "step 8/20  epoch 0  rate 0.01  3 s left")
        #expect(TextLines.line(parts, width: 30) == "step 8/20  epoch 0  3 s left")
        #expect(TextLines.line(parts, width: 3) == "step 8/20  3 s left")
    }

    @Test func theDefaultLengthOfARunIsSaid() {
        let text = RunLength.text(steps: 42_188, images: 60_000, batch: 128)
        #expect(text.contains("42,188 steps of 128 images") && text.contains("90 passes over 60,000 images") && text.contains("--epochs"))
        #expect(RunLength.text(steps: 1, images: 0, batch: 1).contains("1 passes"))
    }
}
