import Glibc

/// Held by the process that writes a run: two coordinators of one run would overwrite each other's files. The system lets go
/// of it when the process ends, however it ends.
final class RunLock {
    private var descriptor: Int32

    init(_ directory: RunDirectory) throws {
        descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RunLogError("cannot open \(directory.path): \(String(cString: strerror(errno)))") }
        // A file system without locks must not keep anybody from training.
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        close(descriptor)
        descriptor = -1
        throw RunLogError("another coordinator is writing \(directory.path); stop that one first, or start a run of another --name")
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
