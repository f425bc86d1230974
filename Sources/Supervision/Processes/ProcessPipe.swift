import Glibc
import Platform

/// A one-way channel of bytes from one process to another. Both ends are created with close-on-exec, because another thread may be
/// starting a process at the same time. A child process inherits an end only if it is passed to it.
struct ProcessPipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw CommandFailure(CommandFailure.system, "cannot create a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
        shutdown(reading, Int32(SHUT_WR))
        shutdown(writing, Int32(SHUT_RD))
    }
}
