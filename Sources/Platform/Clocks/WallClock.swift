import Glibc

/// The time of day, for logs and timelines only. No wait or decision depends on it, so it may jump.
public enum WallClock {
    /// Seconds that tests add to the system's clock.
    private static let offset = Monitor(0.0)

    /// Seconds since 1970.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9 + offset.read { $0 }
    }

    /// Nanoseconds since 1970.
    public static var nanoseconds: UInt64 { UInt64(max(0, now) * 1e9) }

    /// Shifts this process's clock, for tests.
    public static func jump(by seconds: Double) { offset.update { $0 += seconds } }
}
