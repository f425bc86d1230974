import Glibc

/// A way for bytes from one process to another. Both ends are closed in every process that this one starts, but for those that
/// it gives them to, from the moment that they are there: another thread may be starting one.
struct ProcessPipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw CommandFailure(CommandFailure.system, "the system gives no pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
        shutdown(reading, Int32(SHUT_WR))
        shutdown(writing, Int32(SHUT_RD))
    }
}
