import Settings

/// Why a host does not answer over ssh, in ssh's own words and with what to do.
enum SSHFailure {
    /// - Parameters:
    ///   - words: the last lines that ssh, or the shell there, wrote.
    ///   - code: ssh's exit code, where it has ended.
    static func sentence(_ host: HostEntry, words: [String], code: Int32?) -> String {
        let said = words.isEmpty ? "" : ": \(words.suffix(3).joined(separator: "; "))"
        let all = words.joined(separator: "\n").lowercased()
        let byHand = "ssh \((host.ssh_port.map { "-p \($0) " } ?? ""))\(host.ssh ?? "")"
        func has(_ parts: String...) -> Bool { parts.contains { all.contains($0) } }
        let remedy: String
        if code == 127 || has("command not found", "no such file or directory") && code != 255 {
            return
                "\(host.label) has no program \(host.programPath)\(said); install colonnade there, or name it with program: in the file of hosts"
        } else if code == 126 || has("exec format error") {
            return "\(host.label) cannot run \(host.programPath)\(said); install a release for its processor and system"
        } else if code == 64 || has("unexpected argument 'host'") {
            return
                "\(host.label) has another release in \(host.programPath), which has no command `host`\(said); install the same release everywhere"
        } else if has("host key verification failed", "host identification has changed") {
            remedy = "connect once by hand to check and accept the host's key: \(byHand)"
        } else if has("permission denied") {
            remedy = "let its user in with a key that needs no passphrase here (ssh-copy-id, ssh-agent), or name it with identity_file:"
        } else if has("could not resolve", "name or service not known") {
            remedy = "correct ssh: in the file of hosts"
        } else if has("connection refused") {
            remedy = "see that sshd runs there, and that ssh_port: is its port"
        } else if has("timed out", "no route to host", "network is unreachable") {
            remedy = "see that the host is up, and that no firewall is between"
        } else {
            remedy = "try it by hand: \(byHand) \(host.programPath) --version"
        }
        return
            "\(host.label) cannot be reached over ssh\(said.isEmpty ? (code.map { ": ssh ended with exit code \($0)" } ?? ": no answer") : said); \(remedy)"
    }
}
