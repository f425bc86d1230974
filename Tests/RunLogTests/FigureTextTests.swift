import RunLog
import Testing

@Suite struct FigureTextTests {
    @Test(
        arguments: [(Double, String)]([
            (2.3058733, "2.3059"), (0, "0.0000"), (0.001, "0.0010"), (0.000_99, "9.900e-04"), (-1.4e-6, "-1.400e-06"),
            (99_999.9, "99999.9000"),
            (1.568_374_2e20, "1.568e+20"), (.nan, "not a number"), (.infinity, "infinite"), (-.infinity, "-infinite"),
        ]))
    func lossesAreScientificWhereDecimalsSayNothing(value: Double, text: String) {
        #expect(FigureText.loss(value) == text)
    }

    @Test(
        arguments: [(Double, String)]([
            (0.01, "0.01"), (1.5, "1.5"), (90, "90"), (2.9991, "2.999"), (1e-6, "1e-06"), (1.568_37e20, "1.568e+20"),
            (.nan, "not a number"),
        ]))
    func numbersHaveSignificantDigits(value: Double, text: String) {
        #expect(FigureText.number(value) == text)
    }

    @Test func ratesAndLearningRates() {
        #expect(FigureText.rate(18.94) == "18.9" && FigureText.rate(693.9) == "693.9" && FigureText.rate(1018.44) == "1018")
        #expect(FigureText.rate(1.5e12) == "1.5e+12")
        // The rate as a 32-bit number, which metrics.jsonl has in 64 bits.
        #expect(FigureText.learningRate(0.009999999776482582) == "0.01")
    }

    @Test func percentagesOfWhatIsNotANumberAreWords() {
        #expect(FigureText.percent(0.5526) == "55.26 %" && FigureText.percent(.nan) == "not a number")
    }

    @Test func aTopFiveErrorIsShownOnlyOfMoreThanFiveClasses() {
        #expect(FigureText.errors(top1: 0.25, top5: 0, classes: 3) == "top-1 error 25.00 %")
        #expect(FigureText.errors(top1: 0.25, top5: 0, classes: 5) == "top-1 error 25.00 %")
        #expect(FigureText.errors(top1: 0.25, top5: 0.1, classes: 6) == "top-1 error 25.00 %, top-5 error 10.00 %")
        #expect(FigureText.errors(top1: 0.25, top5: 0.1, classes: nil) == "top-1 error 25.00 %, top-5 error 10.00 %")
    }

    /// The percentage is of the measured rate, and says so.
    @Test func aPredictionIsComparedWithWhatWasMeasured() {
        #expect(FigureText.prediction(738.9, measured: 529) == "738.9, 39.7 % above the measured 529.0")
        #expect(FigureText.prediction(450, measured: 500) == "450.0, 10.0 % below the measured 500.0")
    }

    @Test func countsBytesAndTimes() {
        #expect(FigureText.grouped(12_345_678) == "12,345,678" && FigureText.grouped(-1234) == "-1,234" && FigureText.grouped(999) == "999")
        #expect(FigureText.grouped(.min) == "-9,223,372,036,854,775,808")
        #expect(FigureText.bytes(999) == "999 B" && FigureText.bytes(1_500_000) == "1.5 MB")
        #expect(FigureText.duration(59.4) == "59 s" && FigureText.duration(200) == "3 min 20 s" && FigureText.duration(-1) == "?")
        #expect(FigureText.age(47 * 3600) == "47 h" && FigureText.age(48 * 3600) == "2 d" && FigureText.age(.nan) == "?")
    }
}
