/// Words of a command that a login shell on another host reads.
package enum ShellWord {
    /// A word that every common shell takes as it is. A `~/` at its start stays the user's home directory.
    package static func quoted(_ text: String) -> String {
        if text.hasPrefix("~/") { return "~/" + (text.count > 2 ? quoted(String(text.dropFirst(2))) : "") }
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80 && byte >= 0x41
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/._-+,:@".utf8.contains(byte)
            }
        if isPlain { return text }
        if text.isEmpty { return "''" }
        // Backslashes stand apart: between quotes they mean themselves to some shells, and not to others.
        var result = ""
        var open = false
        for character in text {
            let isApart = character == "'" || character == "\\" || character == "!"
            if isApart == open {
                result += "'"
                open.toggle()
            }
            result += isApart ? "\\\(character)" : String(character)
        }
        return result + (open ? "'" : "")
    }
}
