import Settings

/// How ssh is called: never asking anything, and never without knowing the host.
enum SSHOptions {
    /// - Returns: all arguments, for a command on the host.
    static func arguments(_ host: HostEntry, command: String) -> [String] {
        // A silent connection ends within half a minute.
        var arguments = [
            "-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o",
            "ServerAliveCountMax=6",
        ]
        if let port = host.ssh_port { arguments += ["-p", "\(port)"] }
        if let identity = host.identity_file { arguments += ["-i", identity, "-o", "IdentitiesOnly=yes"] }
        if let jump = host.jump { arguments += ["-J", jump] }
        for option in host.ssh_options ?? [] { arguments += ["-o", option] }
        return arguments + ["--", host.ssh ?? "", command]
    }
}
