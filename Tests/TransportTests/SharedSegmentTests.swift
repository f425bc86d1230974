import Foundation
import Glibc
import Platform
import Security
import Testing
import Transport

@Suite struct SharedSegmentTests {
    /// This process's open segments that have no size. Those of other tests have one, soon after they are created.
    private var emptySegments: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.filter { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            var status = stat()
            return target?.contains("memfd:colonnade-store") == true && stat("/proc/self/fd/\(name)", &status) == 0 && status.st_size == 0
        }.count
    }

    /// The system refuses a negative size, and to map nothing.
    @Test(arguments: [-1, 0]) func aSegmentThatCannotBeMadeLeavesNoDescriptor(size: Int) {
        for _ in 0..<20 { #expect(throws: WireError.self) { try SharedSegment(byteCount: size) } }
        let deadline = MonotonicClock.now + 5
        while emptySegments > 0, MonotonicClock.now < deadline { usleep(1000) }
        #expect(emptySegments == 0)
    }
}
