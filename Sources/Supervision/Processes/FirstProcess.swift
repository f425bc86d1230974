import Glibc

/// Signal handling for process 1, such as a container's main process. The kernel ignores signals that process 1 does not handle.
enum FirstProcess {
    /// Makes SIGTERM end process 1 at once, as it ends any other process.
    static func endOnTermination() {
        guard getpid() == 1 else { return }
        signal(SIGTERM) { _exit(128 + $0) }
        // The signal may be blocked in the inherited mask.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
