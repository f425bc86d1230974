/// Options of ssh in a file of hosts.
enum SSHOption {
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
        if name == "batchmode" { return "has the ssh option \(option); leave it out: nobody is there to answer a question of ssh" }
        return nil
    }
}
