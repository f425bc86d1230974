import Foundation
import Glibc
import TestSupport

/// An ssh daemon of this user at loopback addresses, with its own keys. It ends with this object.
final class SSHServer {
    let port: UInt16
    private let directory: String
    private let daemon: pid_t

    /// Returns nil if no daemon is installed, or if it does not start.
    init?(in directory: String) {
        self.directory = directory
        guard let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].first(where: FileManager.default.isExecutableFile),
            Self.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(directory)/host-key"]),
            Self.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(directory)/user-key"])
        else { return nil }
        // The daemon needs this folder, which the system makes at boot.
        if geteuid() == 0 { try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true) }
        guard let port = LocalSocket.freePort(on: ["127.0.0.1", "127.0.0.2"]) else { return nil }
        self.port = port
        let settings = """
            Port \(port)
            ListenAddress 127.0.0.1
            ListenAddress 127.0.0.2
            HostKey \(directory)/host-key
            AuthorizedKeysFile \(directory)/user-key.pub
            StrictModes no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PidFile none
            """
        guard (try? Data(settings.utf8).write(to: URL(fileURLWithPath: "\(directory)/sshd_config"))) != nil else { return nil }
        guard let daemon = Self.start([program, "-D", "-e", "-f", "\(directory)/sshd_config"]) else { return nil }
        self.daemon = daemon
        for _ in 0..<200 where kill(daemon, 0) == 0 {
            if Self.run(
                "ssh",
                ["-o", "BatchMode=yes", "-p", "\(port)", "-i", "\(directory)/user-key"] + options.flatMap { ["-o", $0] } + [
                    "127.0.0.1", "true",
                ])
            {
                return
            }
            usleep(50_000)
        }
        return nil
    }

    deinit {
        var status: Int32 = 0
        kill(daemon, SIGTERM)
        waitpid(daemon, &status, 0)
    }

    /// Foundation takes a process for ended when it closes its inherited descriptors, as this daemon does.
    private static func start(_ words: [String]) -> pid_t? {
        var (actions, attributes, none) = (posix_spawn_file_actions_t(), posix_spawnattr_t(), sigset_t())
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for descriptor: Int32 in 0...2 { posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0) }
        // Test threads block signals.
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        return posix_spawn(&process, words[0], &actions, &attributes, &arguments, environ) == 0 ? process : nil
    }

    private var options: [String] { ["UserKnownHostsFile=\(directory)/known_hosts", "StrictHostKeyChecking=accept-new"] }

    /// Returns the content of a hosts file with two hosts that are this machine.
    /// - Parameter second: further keys of the second host.
    func hosts(data: String, second: String = "") -> String {
        """
        defaults:
          ssh_port: \(port)
          identity_file: \(directory)/user-key
          ssh_options: [\(options.joined(separator: ", "))]
          program: \(CommandRunner.executable)
          directory: \(directory)
          data: \(data)
          threads: 1
          bandwidth: 2Gbit/s
          latency: 10us
        hosts:
          - {name: a, ssh: 127.0.0.1}
          - {name: b, ssh: 127.0.0.2, bandwidth: 1Gbit/s\(second)}
        """
    }

    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        (try? Program.run([program] + arguments))?.code == 0
    }
}
