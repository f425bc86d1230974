import Platform
import Testing

@Suite struct MonitorTests {
    @Test(arguments: [-1e300, -1.5, -.infinity, 0] as [Double]) func aTimeThatHasPassedIsNotWaitedFor(timeout: Double) {
        let monitor = Monitor(0)
        let start = MonotonicClock.now
        #expect(monitor.wait(timeout: timeout) { $0 == 1 ? true : nil } == nil)
        #expect(monitor.wait(timeout: timeout) { $0 == 0 ? true : nil } == true)
        #expect(MonotonicClock.now - start < 5)
    }

    @Test(arguments: [1e300, .infinity, 1e10, nil] as [Double?]) func aTimeWithoutEndIsWaitedForUntilAnUpdate(timeout: Double?) {
        let monitor = Monitor(0)
        let thread = ServiceThread(name: "update") {
            MonotonicClock.sleep(until: MonotonicClock.now + 0.05)
            monitor.update { $0 = 1 }
        }
        #expect(monitor.wait(timeout: timeout) { $0 == 1 ? true : nil } == true)
        thread.join()
    }

    @Test func aWaitEndsWithItsTime() {
        let monitor = Monitor(0)
        let start = MonotonicClock.now
        #expect(monitor.wait(timeout: 0.05) { $0 == 1 ? true : nil } == nil)
        #expect(MonotonicClock.now - start >= 0.05)
    }
}
