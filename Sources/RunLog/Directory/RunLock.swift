import Glibc

/// The exclusive lock of the process that writes a run: two coordinators would overwrite each other's files.
///
/// The system releases it when the process ends, even if it is killed.
final class RunLock {
    private var descriptor: Int32

    init(_ directory: RunDirectory) throws {
        descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RunLogError("cannot open \(directory.path): \(String(cString: strerror(errno)))") }
        // On a file system without locks, training must still be possible.
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        close(descriptor)
        descriptor = -1
        throw RunLogError("another coordinator is writing \(directory.path); stop it first, or start a run with another --name")
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
