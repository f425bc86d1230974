import Glibc

/// The handling of SIGTERM and Ctrl-C in a worker or store. Create it before any other thread.
///
/// A process started by hand or by a scheduler asks to leave the run, and ends when it is released; a second signal ends it at once.
/// Under `train` and `launch`, SIGTERM ends it at once, because the sender wants the process gone and restarts it. Interrupts are
/// ignored there: the coordinator handles them, ends the run in order and informs every process.
package struct PeerSignals: Sendable {
    private let watch: SignalWatch?

    package init() {
        guard ParentProcess.isPresent else {
            watch = SignalWatch()
            return
        }
        watch = nil
        FirstProcess.endOnTermination()
        signal(SIGINT, SIG_IGN)
    }

    /// - Parameter leave: asks to leave the run; returns false if there is no run to leave.
    package func onInterrupt(_ leave: @escaping @Sendable () -> Bool) { watch?.leaveOnInterrupt(leave) }
}
