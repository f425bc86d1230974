/// Splits text of a table into rows of cells: comma, tab or semicolon between cells, quotes as RFC 4180 has them, or blanks.
enum DelimitedText {
    static func rows(_ bytes: [UInt8]) -> [[String]] {
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        let first = rest.prefix { $0 != 0x0A && $0 != 0x0D }
        let separator = [UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: ";")].first(where: first.contains)
        guard let separator else { return blankSeparated(rest) }
        return separated(rest, by: separator)
    }

    private static func blankSeparated(_ bytes: ArraySlice<UInt8>) -> [[String]] {
        bytes.split { $0 == 0x0A || $0 == 0x0D }.map { line in
            line.split { $0 == 0x20 || $0 == 0x09 }.map { String(decoding: $0, as: UTF8.self) }
        }.filter { !$0.isEmpty }
    }

    private static func separated(_ bytes: ArraySlice<UInt8>, by separator: UInt8) -> [[String]] {
        var (rows, row, cell) = ([[String]](), [String](), [UInt8]())
        var (isQuoted, wasQuoted) = (false, false)
        func text() -> String {
            let text = String(decoding: cell, as: UTF8.self)
            return wasQuoted ? text : text.trimmed
        }
        func endCell() {
            row.append(text())
            (cell, wasQuoted) = ([], false)
        }
        func endRow() {
            guard !row.isEmpty || !cell.isEmpty else { return }
            endCell()
            rows.append(row)
            row = []
        }
        var place = bytes.startIndex
        while place < bytes.endIndex {
            let byte = bytes[place]
            place += 1
            if isQuoted {
                guard byte == 0x22 else {
                    cell.append(byte)
                    continue
                }
                if place < bytes.endIndex, bytes[place] == 0x22 {
                    cell.append(byte)
                    place += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case 0x22 where cell.allSatisfy { $0 == 0x20 }: (isQuoted, wasQuoted, cell) = (true, true, [])
            case separator: endCell()
            case 0x0A, 0x0D: endRow()
            default: cell.append(byte)
            }
        }
        endRow()
        return rows
    }
}

extension String {
    /// The text without blanks at its ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
