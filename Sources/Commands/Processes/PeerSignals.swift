import Glibc

/// What SIGTERM and Ctrl-C mean for a worker or store. Create it before any other thread.
///
/// Where it was started by hand or by a scheduler it asks to leave the run, and ends when it is released; a second one ends it at once. Below
/// `train` and `launch` a SIGTERM ends it at once, because whoever sends it wants the process gone and starts it again, and interrupts
/// are for the coordinator, which ends the run in order and tells everybody.
struct PeerSignals {
    private let watch: SignalWatch?

    init() {
        guard ParentProcess.isPresent else {
            watch = SignalWatch()
            return
        }
        watch = nil
        FirstProcess.endsWhenTold()
        signal(SIGINT, SIG_IGN)
    }

    /// - Parameter leave: asks to leave; false where there is no run to leave.
    func onInterrupt(_ leave: @escaping @Sendable () -> Bool) { watch?.leaveOnInterrupt(leave) }
}
