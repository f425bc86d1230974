import CLinux
import Glibc

/// A dedicated thread with a name that tools such as `top -H` show.
///
/// Kernels block their caller and sockets need prompt service, so neither runs on Swift's cooperative pool.
public final class ServiceThread: @unchecked Sendable {
    private let finished = Monitor(false)

    /// Starts a thread that runs `body` once.
    /// - Parameter name: the system shows its first 15 bytes.
    public init(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Start(name: name, finished: finished, body: body)
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Generated kernels have large stack frames, too large for the default stack size of some container images.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let argument = Unmanaged.passRetained(start).toOpaque()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
                start.body()
                start.finished.update { $0 = true }
                return nil
            }, argument)
        pthread_attr_destroy(&attributes)
        precondition(status == 0, "the system cannot create another thread (pthread_create: \(status))")
        pthread_detach(thread)
    }

    /// Waits until the thread's body has returned.
    /// - Parameter timeout: seconds; nil waits without limit.
    /// - Returns: false after the timeout.
    @discardableResult
    public func join(timeout: Double? = nil) -> Bool {
        finished.wait(timeout: timeout) { $0 ? true : nil } ?? false
    }

    private final class Start: Sendable {
        let name: String
        let finished: Monitor<Bool>
        let body: @Sendable () -> Void
        init(name: String, finished: Monitor<Bool>, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.finished = finished
            self.body = body
        }
    }
}
