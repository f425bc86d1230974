import CLinux
import Glibc
import Platform
public import Security

/// Handles the readiness of a descriptor, on the loop's thread.
protocol EventHandler: AnyObject {
    func ready(readable: Bool, writable: Bool)
}

/// One thread that serves all sockets of a process with epoll, timers, and tasks submitted by other threads.
/// The thread keeps the loop alive until `stop()`, so that no thread can use a freed loop.
public final class EventLoop: @unchecked Sendable {
    private struct Shared {
        var tasks: [@Sendable () -> Void] = []
        var isStopping = false
    }

    /// The protection of connections opened and accepted on this loop.
    public let security: LinkSecurity
    private let poll: Int32
    private let wakeup: Int32
    private let shared = Monitor(Shared())
    // Touched by the loop's thread only.
    private var handlers: [Int32: any EventHandler] = [:]
    private var timers: [(due: Double, id: Int, task: @Sendable () -> Void)] = []
    private var nextTimer = 0
    private var thread: ServiceThread?

    /// Starts the loop's thread.
    /// - Throws: `WireError` if the system provides no descriptors for it.
    public init(name: String, security: LinkSecurity = .none) throws {
        self.security = security
        poll = epoll_create1(colonnade_epoll_cloexec)
        wakeup = eventfd(0, colonnade_eventfd_flags)
        guard poll >= 0, wakeup >= 0 else {
            throw WireError(.system, "cannot watch sockets: \(String(cString: strerror(errno)))")
        }
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: wakeup))
        epoll_ctl(poll, EPOLL_CTL_ADD, wakeup, &event)
        thread = ServiceThread(name: name) { [self] in run() }
    }

    deinit {
        close(poll)
        close(wakeup)
    }

    /// Waits until the tasks submitted so far have run; not on the loop's own thread.
    public func drain() {
        let done = Monitor(false)
        submit { done.update { $0 = true } }
        _ = done.wait(timeout: 5) { $0 ? true : nil }
    }

    /// Runs a task on the loop's thread, after those submitted before.
    public func submit(_ task: @escaping @Sendable () -> Void) {
        let isFirst = shared.update { shared in
            shared.tasks.append(task)
            return shared.tasks.count == 1
        }
        if isFirst { wake() }
    }

    /// Runs a task on the loop's thread after a delay in seconds.
    public func schedule(after delay: Double, _ task: @escaping @Sendable () -> Void) {
        let due = MonotonicClock.now + delay
        submit { [self] in
            nextTimer += 1
            timers.append((due, nextTimer, task))
            timers.sort { ($0.due, $0.id) < ($1.due, $1.id) }
        }
    }

    /// Ends the thread after the tasks submitted before, and waits up to 5 seconds for it. On the loop's own thread it does
    /// not wait.
    public func stop() {
        shared.update { $0.isStopping = true }
        wake()
        thread?.join(timeout: 5)
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    // MARK: On the loop's thread

    func watch(_ descriptor: Int32, _ handler: any EventHandler, writable: Bool = false) {
        let isNew = handlers.updateValue(handler, forKey: descriptor) == nil
        let events = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        var event = epoll_event(events: events, data: epoll_data_t(fd: descriptor))
        epoll_ctl(poll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event)
    }

    func unwatch(_ descriptor: Int32) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        var event = epoll_event()
        epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let (tasks, isStopping) = shared.update { shared in
                defer { shared.tasks = [] }
                return (shared.tasks, shared.isStopping)
            }
            for task in tasks { task() }
            if isStopping, tasks.isEmpty { break }
            let now = MonotonicClock.now
            while let timer = timers.first, timer.due <= now {
                timers.removeFirst()
                timer.task()
            }
            let hasTasks = shared.read { !$0.tasks.isEmpty || $0.isStopping }
            let delay = timers.first.map { Int32(max(0, min(60, $0.due - MonotonicClock.now)) * 1000) + 1 } ?? Int32(-1)
            let count = epoll_wait(poll, &events, Int32(events.count), hasTasks ? Int32(0) : delay)
            for event in events.prefix(Int(max(0, count))) {
                if event.data.fd == wakeup {
                    var value: UInt64 = 0
                    _ = read(wakeup, &value, 8)
                    continue
                }
                let gone = event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLRDHUP.rawValue) != 0
                handlers[event.data.fd]?.ready(
                    readable: gone || event.events & EPOLLIN.rawValue != 0,
                    writable: event.events & EPOLLOUT.rawValue != 0)
            }
        }
        handlers = [:]
        timers = []
    }
}
