import Glibc

/// Seconds on the system's monotonic clock, for durations and deadlines.
public enum MonotonicClock {
    /// Seconds since an arbitrary start; never set back.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
