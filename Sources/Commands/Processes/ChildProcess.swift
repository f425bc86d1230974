import CLinux
import Foundation
import Glibc
import Threading

/// A role that `train` has started.
final class ChildProcess: @unchecked Sendable {
    let name: String
    let process: pid_t
    /// Where its output goes; nil for this terminal.
    let logPath: String?
    private let status = Monitor<Int32?>(nil)

    /// Starts this program again with other arguments.
    /// - Parameter logPath: takes its output; nil shares this process's.
    init(name: String, arguments: [String], logPath: String?) throws {
        self.name = name
        self.logPath = logPath
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let logPath {
            posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: an interrupt from the terminal reaches `train` alone, which ends the run in order.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))
        var environment = ProcessInfo.processInfo.environment
        environment[ParentProcess.variable] = String(getpid())
        // Kernel threads that wait give their core to others.
        if environment["OMP_WAIT_POLICY"] == nil { environment["OMP_WAIT_POLICY"] = "passive" }
        var strings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        var argv = ([Self.executable] + arguments).map { strdup($0) } + [nil]
        defer {
            for string in strings + argv { free(string) }
        }
        var process: pid_t = 0
        let code = posix_spawn(&process, Self.executable, &actions, &attributes, &argv, &strings)
        guard code == 0 else {
            throw CommandFailure(CommandFailure.software, "cannot start \(name): \(String(cString: strerror(code)))")
        }
        self.process = process
        let (status, child) = (status, process)
        _ = ServiceThread(name: "wait") {
            var word: Int32 = 0
            while waitpid(child, &word, 0) < 0, errno == EINTR {}
            let exit = word & 0x7F == 0 ? (word >> 8) & 0xFF : 128 + (word & 0x7F)
            status.update { $0 = exit }
        }
    }

    static var executable: String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0] }

    /// Nil while it runs; 128 and more for the signal that ended it.
    var exitCode: Int32? { status.read { $0 } }

    func send(_ signal: Int32) { if exitCode == nil { kill(process, signal) } }

    /// Waits for the end, and ends it after the timeout (seconds).
    /// - Parameter signal: sent first; nil only waits.
    func end(within timeout: Double, by signal: Int32? = nil) {
        if let signal { send(signal) }
        if status.wait(timeout: timeout, until: { $0 }) == nil {
            send(SIGKILL)
            _ = status.wait(timeout: 5) { $0 }
        }
    }

    /// The last line that it wrote.
    var lastWords: String? {
        guard let logPath, let data = FileManager.default.contents(atPath: logPath) else { return nil }
        return String(decoding: data.suffix(4096), as: UTF8.self).split(separator: "\n").last.map {
            $0.hasPrefix("colonnade: ") ? String($0.dropFirst(11)) : String($0)
        }
    }
}

/// The `train` process that started this one.
enum ParentProcess {
    static let variable = "COLONNADE_SUPERVISOR"

    /// Asks the system to end this process in order when `train` is gone, so that none is left behind.
    static func dieWithIt() {
        guard let text = ProcessInfo.processInfo.environment[variable], let parent = pid_t(text) else { return }
        _ = colonnade_die_with_parent(SIGTERM)
        if getppid() != parent { exit(CommandFailure.temporary) }
    }
}
