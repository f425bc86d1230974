/// Swift source text for checks that look at its structure.
enum SwiftText {
    /// Returns source text in which comments and string literals are blank, so that braces and keywords in them do not count. Lines keep
    /// their numbers.
    static func blanked(_ text: String) -> String {
        var scanner = Scanner(text)
        scanner.code(until: nil)
        return String(decoding: scanner.text, as: UTF8.self)
    }

    /// Blanks a text from its beginning to its end.
    private struct Scanner {
        private(set) var text: [UInt8]
        private var position = 0

        init(_ text: String) { self.text = Array(text.utf8) }

        /// Passes over code, and blanks the comments and literals in it.
        /// - Parameter end: the closing parenthesis of an interpolation; nil reads to the end of the text.
        mutating func code(until end: UInt8?) {
            var depth = 0
            while position < text.count {
                switch text[position] {
                case UInt8(ascii: "/") where starts("//"):
                    while position < text.count, text[position] != UInt8(ascii: "\n") { blank(1) }
                case UInt8(ascii: "/") where starts("/*"): comment()
                case UInt8(ascii: "\""): string("")
                case UInt8(ascii: "#"):
                    let count = text[position...].prefix { $0 == UInt8(ascii: "#") }.count
                    let marks = String(repeating: "#", count: count)
                    if starts(marks + "\"") { string(marks) } else { position += count }
                case let byte where byte == end && depth == 0: return
                case UInt8(ascii: "("):
                    depth += 1
                    position += 1
                case UInt8(ascii: ")"):
                    depth -= 1
                    position += 1
                default: position += 1
                }
            }
        }

        private func starts(_ prefix: String) -> Bool { text[position...].starts(with: prefix.utf8) }

        private mutating func blank(_ count: Int) {
            let end = min(position + count, text.count)
            blank(position..<end)
            position = end
        }

        private mutating func blank(_ range: Range<Int>) {
            for index in range where text[index] != UInt8(ascii: "\n") { text[index] = UInt8(ascii: " ") }
        }

        private mutating func comment() {
            var depth = 0
            repeat {
                let (begins, ends) = (starts("/*"), starts("*/"))
                if begins { depth += 1 }
                if ends { depth -= 1 }
                blank(begins || ends ? 2 : 1)
            } while depth > 0 && position < text.count
        }

        /// Blanks a string literal.
        /// - Parameter marks: the `#` before it.
        private mutating func string(_ marks: String) {
            blank(marks.utf8.count)
            let quote = starts("\"\"\"") ? "\"\"\"" : "\""
            blank(quote.utf8.count)
            while position < text.count, !starts(quote + marks) {
                if starts("\\" + marks + "(") {
                    let start = position
                    position += 2 + marks.utf8.count
                    code(until: UInt8(ascii: ")"))
                    // An interpolation has no structure that counts either.
                    blank(start..<position)
                    blank(1)
                } else {
                    blank(starts("\\" + marks) ? 2 + marks.utf8.count : 1)
                }
            }
            blank(quote.utf8.count + marks.utf8.count)
        }
    }
}
