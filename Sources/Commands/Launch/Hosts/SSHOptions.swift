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

    /// What is wrong with an option of the file of hosts; nil where nothing is.
    static func problem(_ option: String) -> String? {
        guard let equals = option.firstIndex(where: { $0 == "=" || $0 == " " }),
            !option.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            return "has the ssh option \"\(option)\"; write Name=value"
        }
        let name = option[..<equals].lowercased()
        let value = option[option.index(after: equals)...].lowercased().trimmingPrefix { " =\"".contains($0) }
        let turnsChecksOff =
            name == "stricthostkeychecking" && ["no", "off"].contains { value.hasPrefix($0) }
            || name == "userknownhostsfile" && (value.hasPrefix("/dev/null") || value.hasPrefix("none"))
            || name == "nohostauthenticationforlocalhost" && value.hasPrefix("yes")
        if turnsChecksOff {
            return "has the ssh option \(option), with which another host could take its place; leave it out, and accept the host's "
                + "key once by hand, or with StrictHostKeyChecking=accept-new"
        }
        if name == "batchmode" { return "has the ssh option \(option); leave it out: nobody is there to be asked" }
        return nil
    }
}
