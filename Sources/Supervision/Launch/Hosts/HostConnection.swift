package import Foundation
import Glibc
import Platform
import RunLog
package import Settings

/// `colonnade host` on another host, over ssh. When this process ends, however it does, so does the connection, and everything that
/// was started over it.
package final class HostConnection: @unchecked Sendable {
    private struct State {
        var facts: HostFacts?
        var answers: [HostReport] = []
        var processes: [Int: RemoteProcess] = [:]
        /// Messages of processes there, by their numbers.
        var reports: [Int: CoordinatorReports] = [:]
        /// The last lines of ssh, and of what runs before the program.
        var words: [String] = []
        var isOver = false
        var heard = 0.0
    }

    package let host: HostEntry
    private let ssh: ChildProcess
    private let orders: Int32
    private let state = Monitor(State())
    /// One question at a time.
    private let asking = Monitor(())
    private let show: @Sendable (_ process: String, _ line: String) -> Void

    /// Starts ssh; `facts(within:)` reports whether it gets through.
    /// - Parameter show: takes lines: of processes by their name, of ssh as "ssh".
    init(_ host: HostEntry, show: @escaping @Sendable (_ process: String, _ line: String) -> Void) throws {
        (self.host, self.show) = (host, show)
        let (input, output, errors) = (try ProcessPipe(), try ProcessPipe(), try ProcessPipe())
        defer { for end in [input.reading, output.writing, errors.writing] { Glibc.close(end) } }
        ssh = try ChildProcess(
            name: "ssh", program: "ssh",
            arguments: SSHOptions.arguments(host, command: "\(ShellWord.quoted(host.programPath)) host"), input: input.reading,
            output: .descriptors(output: output.writing, errors: errors.writing))
        orders = input.writing
        state.update { $0.heard = MonotonicClock.now }
        let complaints = ServiceThread(name: "ssh-errors") { [self] in
            var lines = LineInput(errors.reading, limit: 4096)
            while case .line(let line) = lines.next() { note(line) }
            Glibc.close(errors.reading)
        }
        _ = ServiceThread(name: "ssh-reports") { [self] in
            var lines = LineInput(output.reading, limit: HostOrder.lengthLimit)
            reports: while true {
                switch lines.next(within: HostOrder.interval) {
                case .line(let line): take(line)
                case .end: break reports
                case .silence:
                    // A connection that is up and a program that says nothing: it hangs.
                    if MonotonicClock.now - state.read({ $0.heard }) > HostOrder.patience { break reports }
                    send(.beat)
                    continue
                }
                beatIfDue()
            }
            Glibc.close(output.reading)
            ssh.end(within: 5, by: nil)
            complaints.join(timeout: 1)
            end()
        }
    }

    private let lastBeat = Monitor(0.0)
    private func beatIfDue() {
        let now = MonotonicClock.now
        let isDue = lastBeat.update { last in
            guard now - last > HostOrder.interval else { return false }
            last = now
            return true
        }
        if isDue { send(.beat) }
    }

    // MARK: What comes

    private func take(_ line: String) {
        guard let report: HostReport = HostLine.value(line) else { return note(line) }
        state.update { $0.heard = MonotonicClock.now }
        switch report {
        case .hello(let facts): state.update { $0.facts = facts }
        case .done, .failed, .progress: state.update { $0.answers.append(report) }
        case .beat: break
        case .told(let id, let message): state.read { $0.reports[id] }?.receive(message)
        case .said(let id, let line):
            guard let process = process(id) else { return }
            process.said(line)
            show(process.role, PrintableText.sanitized(line))
        case .started(let id, let number): process(id)?.started(number)
        case .ended(let id, let code): process(id)?.ended(code)
        }
    }

    private func process(_ id: Int) -> RemoteProcess? { state.read { $0.processes[id] } }

    private func note(_ line: String) {
        let line = PrintableText.sanitized(line)
        let isEarly = state.update { state in
            state.words = state.words.suffix(9) + [line]
            return state.facts == nil
        }
        // Why a host cannot be reached is said in one sentence.
        if !isEarly { show("ssh", line) }
    }

    private func end() {
        let processes = state.update { state -> [RemoteProcess] in
            state.isOver = true
            return Array(state.processes.values)
        }
        for process in processes { process.lost(breakReason) }
    }

    private var breakReason: String { "the connection to \(host.label) broke\(wordsAtEnd)" }

    private var wordsAtEnd: String {
        let words = state.read { $0.words }
        return words.last.map { ": \($0)" } ?? ""
    }

    // MARK: What is asked

    /// What the host says of itself.
    /// - Throws: `CommandFailure` where it cannot be reached, with ssh's words and what to do.
    func facts(within timeout: Double) throws -> HostFacts {
        let found = state.wait(timeout: timeout) { state -> HostFacts?? in
            if let facts = state.facts { return .some(facts) }
            return state.isOver ? .some(nil) : nil
        }
        if let facts = found ?? nil { return facts }
        let code = ssh.exitCode
        close()
        throw CommandFailure(
            CommandFailure.unavailable, SSHFailure.sentence(host, words: state.read { $0.words }, code: code))
    }

    var isOver: Bool { state.read { $0.isOver } }

    /// Seconds since the host said something; it does every few seconds.
    var silence: Double { max(0, MonotonicClock.now - state.read { $0.heard }) }

    /// Waits until the connection is over.
    /// - Parameter isStopped: Asked after every change, and after `wakeWatcher`.
    /// - Returns: why it broke; nil once `isStopped`.
    func waitForBreak(unless isStopped: () -> Bool) -> String? {
        let hasBroken = state.wait { state -> Bool? in isStopped() ? false : state.isOver ? true : nil }
        return hasBroken == true ? breakReason : nil
    }

    /// Has `waitForBreak` ask again.
    func wakeWatcher() { state.update { _ in } }

    /// - Returns: what the host answers.
    /// - Throws: what it says it cannot do, or that it is gone.
    @discardableResult
    func ask(_ order: HostOrder) throws -> HostReport {
        try asking.update { _ in
            state.update { $0.answers = [] }
            send(order)
            let answer = state.wait(timeout: 60) { state -> HostReport?? in
                if let answer = state.answers.first { return .some(answer) }
                return state.isOver ? .some(nil) : nil
            }
            guard let answer = answer ?? nil else {
                throw CommandFailure(CommandFailure.unavailable, "\(host.label) does not answer any more\(wordsAtEnd)")
            }
            if case .failed(let code, let reason) = answer { throw CommandFailure(code, "\(host.label): \(reason)") }
            return answer
        }
    }

    /// Asks what is answered with a path.
    func path(_ order: HostOrder) throws -> String {
        guard case .done(let path) = try ask(order) else {
            throw CommandFailure(CommandFailure.software, "\(host.label) gave an answer to something else")
        }
        return path
    }

    /// Goes where processes are to work. Orders are given to a host of the same release only.
    package func enterDirectory() throws {
        if let directory = host.directory { try ask(.enter(directory: directory)) }
    }

    /// - Parameters:
    ///   - request: For the process's standard input; with `reports` only.
    ///   - reports: receives the messages of the process to its supervisor; nil starts a process that sends none.
    package func start(_ role: String, name: String, arguments: [String], request: Data = Data(), reports: CoordinatorReports? = nil)
        -> RemoteProcess
    {
        let process = state.update { state in
            let process = RemoteProcess(id: state.processes.count, role: role, name: name, host: state.facts?.hostName) { [weak self] in
                self?.send(.signal(id: $0, signal: $1))
            }
            state.processes[process.id] = process
            state.reports[process.id] = reports
            return process
        }
        if isOver {
            process.lost(breakReason)
        } else {
            send(.start(id: process.id, role: role, arguments: arguments, request: reports == nil ? nil : request, memory: name))
        }
        return process
    }

    /// Ends what was started there, and waits for it.
    package func close() {
        closing.update { isClosed in
            if !isClosed { Glibc.close(orders) }
            isClosed = true
        }
    }

    /// Waits until ssh has ended, which it does when everything there has.
    package func waitForEnd(within timeout: Double) { ssh.end(within: timeout, by: nil) }

    private let closing = Monitor(false)

    private func send(_ order: HostOrder) {
        closing.update { isClosed in
            guard !isClosed else { return }
            // A connection that is gone is noticed where its reports end.
            _ = LineOutput.write(HostLine.text(order), to: orders)
        }
    }
}
