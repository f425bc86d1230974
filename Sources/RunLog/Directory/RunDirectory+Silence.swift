import Foundation
import Glibc
import Threading

extension RunDirectory {
    /// Seconds without anything written after which a run that says it goes on counts as lost: its coordinator was killed.
    public static let silence = 15.0

    /// When something of the run was last written, in seconds since 1970.
    public var lastWritten: Double {
        [recordPath, metricsPath, statusPath, eventsPath].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return 0 }
            return Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
        }.max() ?? 0
    }

    /// The state that the record tells, or `lost` where nobody writes a run that says it goes on.
    public func state(_ record: RunRecord) -> String {
        record.state == .running && WallClock.now - lastWritten > Self.silence ? "lost" : record.state.rawValue
    }
}
