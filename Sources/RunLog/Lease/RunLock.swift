import Glibc
import Platform

/// The system's lock on a run's directory. It is a quick word on whether the other coordinator on this host lives, and released when its
/// process ends, even if it is killed. Between hosts it says nothing: over NFS, a lock on a directory is none.
final class RunLock {
    private let descriptor: Int32
    private let identity: LeaseRecord.Lock
    private var isHeld = false

    init(_ directory: RunDirectory) throws {
        descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RunLogError("cannot open \(directory.path): \(String(cString: strerror(errno)))") }
        var status = stat()
        identity =
            fstat(descriptor, &status) == 0 ? .init(device: UInt64(status.st_dev), file: UInt64(status.st_ino)) : .init(device: 0, file: 0)
    }

    deinit { close(descriptor) }

    enum Answer {
        case held(LeaseRecord.Lock)
        case heldByOther
        /// The file system has no locks.
        case impossible
    }

    /// Takes the lock unless it is held already.
    func take() -> Answer {
        if isHeld { return .held(identity) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            // ENOSYS, ENOLCK, EOPNOTSUPP, and EBADF over NFS, which wants a file that is open for writing.
            if errno != EINTR { return errno == EWOULDBLOCK ? .heldByOther : .impossible }
        }
        isHeld = true
        return .held(identity)
    }
}
