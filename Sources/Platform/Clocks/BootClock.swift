import Glibc

/// A monotonic clock that also counts the time in which the machine was suspended. It is for promises that other hosts rely on: their
/// clocks went on meanwhile.
public enum BootClock {
    /// Seconds since the machine was started; never decreases.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
