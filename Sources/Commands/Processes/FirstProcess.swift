import Glibc

/// A process that is number 1, as a container's is: the system ends it by no signal that it does not handle.
enum FirstProcess {
    /// Ends it on SIGTERM at once, as any other process would be.
    static func endsWhenTold() {
        guard getpid() == 1 else { return }
        signal(SIGTERM) { _exit(128 + $0) }
        // Whatever it was started with.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
