import Glibc

/// The system's monotonic clock, for durations and deadlines in seconds.
public enum MonotonicClock {
    /// Seconds since an arbitrary start; never decreases.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Sleeps until `now` reaches a deadline.
    public static func sleep(until deadline: Double) {
        var time = timespec(tv_sec: Int(deadline), tv_nsec: Int((deadline - deadline.rounded(.down)) * 1e9))
        // A signal ends the sleep early.
        while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
    }
}
