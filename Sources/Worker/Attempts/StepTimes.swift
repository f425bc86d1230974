import Platform
import Protocol

/// What a step's time went to, in seconds.
struct StepTimes {
    private let start: Double
    var data = 0.0
    var exchange = 0.0
    var store = 0.0
    /// Computing before the first wait for another worker.
    private var leading: Double?

    init(start: Double = MonotonicClock.now) { self.start = start }

    mutating func beginExchange(at now: Double) { if leading == nil { leading = now - start - data - store } }

    /// - Parameters:
    ///   - flopsBeforeWaiting: of the program's pass, for `leading`.
    ///   - passes: of the step.
    func fill(_ report: inout WireStepReport, flopsBeforeWaiting: Double, passes: Int) {
        report.seconds = MonotonicClock.now - start
        (report.exchangeWait, report.storeWait, report.dataWait) = (exchange, store, data)
        report.leadingSeconds = leading ?? (report.seconds - data - store)
        report.leadingFlops = leading == nil ? flopsBeforeWaiting * Double(passes) : flopsBeforeWaiting
    }
}
