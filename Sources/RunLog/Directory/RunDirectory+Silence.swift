import Foundation
import Glibc
import Platform

extension RunDirectory {
    /// Seconds without a write after which a run recorded as running counts as lost, because its coordinator was killed.
    public static let silence = 15.0

    /// The time of the last write to the run's files, in seconds since 1970.
    public var lastWritten: Double {
        [recordPath, metricsPath, statusPath, eventsPath].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return 0 }
            return Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
        }.max() ?? 0
    }

    /// Returns the recorded state, or `lost` if the run is recorded as running but nothing has been written for too long.
    public func state(_ record: RunRecord) -> String {
        record.state == .running && WallClock.now - lastWritten > Self.silence ? "lost" : record.state.rawValue
    }
}
