import Glibc
import Platform

/// A process on another host.
package final class RemoteProcess: RoleProcess, Sendable {
    private struct State {
        var process: Int32?
        var code: Int32?
        var words: String?
        var outOfReach: String?
    }

    /// What stands for the code of a process of which nothing is known any more: ssh's own.
    static let lostCode: Int32 = 255

    let id: Int
    let role: String
    package let name: String
    package let logPath: String? = nil
    private let host: String?
    private let state = Monitor(State())
    private let signal: @Sendable (_ id: Int, _ signal: Int32) -> Void

    /// - Parameter host: as it names itself.
    init(id: Int, role: String, name: String, host: String?, signal: @escaping @Sendable (_ id: Int, _ signal: Int32) -> Void) {
        (self.id, self.role, self.name, self.host, self.signal) = (id, role, name, host, signal)
    }

    package var exitCode: Int32? { state.read { $0.code } }
    package var lastWords: String? { state.read { $0.outOfReach ?? $0.words } }
    package var outOfReach: String? { state.read { $0.outOfReach } }

    package func isMeant(by eviction: Eviction) -> Bool {
        state.read { $0.process.map(Int.init) } == eviction.process && eviction.host == host
    }

    package func send(_ signal: Int32) { if exitCode == nil { self.signal(id, signal) } }

    package func end(within timeout: Double, by signal: Int32?) {
        if let signal { send(signal) }
        if state.wait(timeout: timeout, until: { $0.code }) == nil {
            send(SIGKILL)
            _ = state.wait(timeout: 5) { $0.code }
        }
    }

    // MARK: What its host reports

    func started(_ process: Int32) { state.update { $0.process = process } }
    func ended(_ code: Int32) { state.update { if $0.code == nil { $0.code = code } } }

    func said(_ line: String) {
        guard !line.isEmpty else { return }
        state.update { $0.words = line.hasPrefix("colonnade: ") ? String(line.dropFirst(11)) : line }
    }

    func lost(_ reason: String) {
        state.update { state in
            guard state.code == nil else { return }
            (state.code, state.outOfReach) = (Self.lostCode, reason)
        }
    }
}
