import CLinux
import Foundation
import Glibc
import Threading

/// A process that this one has started: a role of a run, or `ssh`.
final class ChildProcess: RoleProcess, @unchecked Sendable {
    /// Where what it writes goes.
    enum Output {
        /// Where this process's goes.
        case inherited
        /// Appended to a file.
        case file(String)
        case descriptors(output: Int32, errors: Int32)
    }

    let name: String
    let process: pid_t
    let logPath: String?
    let outOfReach: String? = nil
    private let status = Monitor<Int32?>(nil)

    /// Starts this program again with other arguments.
    /// - Parameter logPath: takes its output; nil shares this process's.
    convenience init(name: String, arguments: [String], logPath: String?) throws {
        try self.init(name: name, arguments: arguments, output: logPath.map { .file($0) } ?? .inherited)
    }

    /// - Parameters:
    ///   - program: a path, or a name that is looked for in `PATH`.
    ///   - input: a descriptor that it reads; nil gives it nothing to read.
    init(
        name: String, program: String = ChildProcess.executable, arguments: [String], input: Int32? = nil, output: Output
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
        switch output {
        case .inherited: logPath = nil
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
        // A group of its own: an interrupt from the terminal reaches this command alone, which ends the run in order.
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

    static var executable: String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0] }

    /// Nil while it runs; 128 and more for the signal that ended it.
    var exitCode: Int32? { status.read { $0 } }

    /// Waits for the end, however long it takes.
    func wait() -> Int32 { status.wait { $0 } ?? CommandFailure.software }

    func isMeant(by eviction: Eviction) -> Bool { eviction.process == Int(process) }

    func send(_ signal: Int32) { if exitCode == nil { kill(process, signal) } }

    func end(within timeout: Double, by signal: Int32? = nil) {
        if let signal { send(signal) }
        if status.wait(timeout: timeout, until: { $0 }) == nil {
            send(SIGKILL)
            _ = status.wait(timeout: 5) { $0 }
        }
    }

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

    /// Whether a supervisor ends this process and starts it again as it sees fit.
    static var isPresent: Bool { ProcessInfo.processInfo.environment[variable] != nil }

    /// Asks the system to end this process in order when `train` is gone, so that none is left behind.
    static func dieWithIt() {
        guard let text = ProcessInfo.processInfo.environment[variable], let parent = pid_t(text) else { return }
        _ = colonnade_die_with_parent(SIGTERM)
        if getppid() != parent { exit(CommandFailure.temporary) }
    }
}
