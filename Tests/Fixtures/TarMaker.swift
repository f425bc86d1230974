/// Builds tar archives for tests.
package enum TarMaker {
    /// Returns an archive of the files in their order.
    package static func tar(_ members: [(name: String, content: [UInt8])]) -> [UInt8] {
        members.flatMap { member($0.name, $0.content) } + [UInt8](repeating: 0, count: 1024)
    }

    /// Returns one member: a ustar header, preceded by a GNU long name if the name needs one, and the content.
    /// - Parameter claimed: a wrong size for the header to state.
    package static func member(_ name: String, _ content: [UInt8], type: Character = "0", claimed: Int? = nil) -> [UInt8] {
        guard name.utf8.count <= 100 else {
            return member("././@LongLink", Array(name.utf8) + [0], type: "L")
                + member(String(name.suffix(90)), content, type: type, claimed: claimed)
        }
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) { header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8) }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, 0)
        put(octal(0o644, 7), 100)
        put(octal(claimed ?? content.count, 11), 124)
        put("        ", 148)
        header[156] = type.asciiValue!
        put("ustar", 257)
        put("00", 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", 148)
        return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// Returns a pax header that renames the next member.
    package static func pax(path: String) -> [UInt8] {
        let body = " path=\(path)\n"
        var length = body.utf8.count
        while String(length).utf8.count + body.utf8.count != length { length = String(length).utf8.count + body.utf8.count }
        return member("pax", Array("\(length)\(body)".utf8), type: "x")
    }
}
