import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct LineTailTests {
    private let scratch: Scratch
    private var path: String { scratch("lines") }

    init() throws { scratch = try Scratch() }

    private func append(_ text: String) throws { try TextFile.append(text, to: path) }

    private func read(_ tail: LineTail) throws -> [String] {
        var lines: [String] = []
        try tail.read(replaced: { lines.append("replaced") }) { lines.append(String(decoding: $0, as: UTF8.self)) }
        return lines
    }

    @Test func linesAreReadCompletelyAndOnce() throws {
        let tail = LineTail(path: path)
        #expect(try read(tail) == [])
        try append("one\ntw")
        #expect(try read(tail) == ["one"])
        try append("o\n\nthree\n")
        #expect(try read(tail) == ["two", "three"])
        #expect(try read(tail) == [])
        try Data("one\nfour\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        #expect(try read(tail) == ["replaced", "one", "four"])
        try append("five\n")
        #expect(try read(tail) == ["five"])
        tail.rewind()
        #expect(try read(tail) == ["one", "four", "five"])
    }

    @Test func longLinesAreCompleteAndEndlessOnesAreSkipped() throws {
        let long = String(repeating: "x", count: 1 << 20)
        try append("a\n\(long)\n\(String(repeating: "y", count: 20 << 20))\nb\n")
        #expect(try read(LineTail(path: path)) == ["a", long, "b"])
    }
}
