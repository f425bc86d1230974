import CLinux
import Foundation
import Glibc
import Platform

/// A process that this one started: a role of a run, or `ssh`.
package final class ChildProcess: RoleProcess, @unchecked Sendable {
    /// The destination of the process's output.
    enum Output {
        /// The same as this process's.
        case inherited
        /// Appended to a file.
        case file(String)
        case descriptors(output: Int32, errors: Int32)
    }

    package let name: String
    let process: pid_t
    package let logPath: String?
    package let outOfReach: String? = nil
    private let status = Monitor<Int32?>(nil)

    /// Starts another process of this program.
    /// - Parameter logPath: the file to which its output is appended; nil shares this process's output.
    package convenience init(name: String, arguments: [String], logPath: String?) throws {
        try self.init(name: name, arguments: arguments, output: logPath.map { .file($0) } ?? .inherited)
    }

    /// - Parameters:
    ///   - program: a path, or a name to look up in `PATH`.
    ///   - input: the descriptor of its standard input; nil gives it an empty one.
    ///   - passing: further descriptors of this process, by their numbers in the child.
    init(
        name: String, program: String = ChildProcess.executable, arguments: [String], input: Int32? = nil, passing: [Int32: Int32] = [:],
        output: Output
    ) throws {
        self.name = name
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for (number, own) in passing { posix_spawn_file_actions_adddup2(&actions, own, number) }
        switch output {
        case .inherited: logPath = nil
        // A disk that takes no log is no reason not to start a worker again: its output then goes where this process's goes.
        case .file(let path) where !Self.canAppend(to: path): logPath = nil
        case .file(let path):
            logPath = path
            posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        case .descriptors(let output, let errors):
            logPath = nil
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors, 2)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A separate process group: an interrupt from the terminal then reaches only this command, which ends the run in order.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))
        var environment = ProcessInfo.processInfo.environment
        environment[ParentProcess.variable] = String(getpid())
        // Waiting kernel threads must yield their core to others.
        if environment["OMP_WAIT_POLICY"] == nil { environment["OMP_WAIT_POLICY"] = "passive" }
        var strings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        defer {
            for string in strings + argv { free(string) }
        }
        var process: pid_t = 0
        let code = posix_spawnp(&process, program, &actions, &attributes, &argv, &strings)
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

    private static func canAppend(to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// The exit code; nil while the process runs, 128 plus the signal's number if a signal ended it.
    package var exitCode: Int32? { status.read { $0 } }

    /// Waits for the process to end, without a timeout, and returns its exit code.
    func wait() -> Int32 { status.wait { $0 } ?? CommandFailure.software }

    package func isMeant(by eviction: Eviction) -> Bool { eviction.process == Int(process) }

    package func send(_ signal: Int32) { if exitCode == nil { kill(process, signal) } }

    package func end(within timeout: Double, by signal: Int32? = nil) {
        if let signal { send(signal) }
        if status.wait(timeout: timeout, until: { $0 }) == nil {
            send(SIGKILL)
            _ = status.wait(timeout: 5) { $0 }
        }
    }

    package var lastWords: String? {
        guard let logPath, let data = FileManager.default.contents(atPath: logPath) else { return nil }
        return String(decoding: data.suffix(4096), as: UTF8.self).split(separator: "\n").last.map {
            $0.hasPrefix("colonnade: ") ? String($0.dropFirst(11)) : String($0)
        }
    }
}

/// The process that started this one and may supervise it, such as `train`.
package enum ParentProcess {
    static let variable = "COLONNADE_SUPERVISOR"

    /// Whether a supervisor started this process, and may end and restart it.
    package static var isPresent: Bool { ProcessInfo.processInfo.environment[variable] != nil }

    /// Asks the kernel to send this process SIGTERM when its parent ends, so that no process is left behind.
    package static func dieWithIt() {
        guard let text = ProcessInfo.processInfo.environment[variable], let parent = pid_t(text) else { return }
        _ = colonnade_die_with_parent(SIGTERM)
        if getppid() != parent { exit(CommandFailure.temporary) }
    }
}
