import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct AtomicDirectoryTests {
    /// Two files, so that a directory with one of each would show.
    private func write(_ text: String, to path: String, _ calls: FailingFileCalls) throws {
        try AtomicDirectory.write(to: path, calls: calls) { directory in
            for name in ["a", "b"] { try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name)) }
        }
    }

    /// What a reader finds; nil where that is no whole directory.
    private func read(_ path: String) -> String? {
        let place = AtomicDirectory.current(path)
        let texts = ["a", "b"].map { try? String(contentsOfFile: place + "/" + $0, encoding: .utf8) }
        return texts[0] == texts[1] ? texts[0] : nil
    }

    private func names(_ scratch: Scratch) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() }

    /// Calls that a file system may lack, and the calls of a replacement there.
    static let fileSystems: [Set<String>] = [[], ["exchange"], ["sync directory"], ["exchange", "sync directory"]]

    @Test func namesAreExchangedWhenTheContentIsOnDisk() throws {
        let scratch = try Scratch()
        try write("old", to: scratch("d"), FailingFileCalls())
        let calls = FailingFileCalls()
        try write("new", to: scratch("d"), calls)
        #expect(
            calls.made == [
                "remove", "make", "open", "sync directory", "remove", "exchange", "open", "sync directory", "remove", "remove",
            ])
        #expect(read(scratch("d")) == "new")
        #expect(try names(scratch) == ["d"])
    }

    @Test(arguments: fileSystems) func aDirectoryIsReplacedOnEveryFileSystem(unsupported: Set<String>) throws {
        let scratch = try Scratch()
        for text in ["first", "second", "third"] {
            try write(text, to: scratch("d"), FailingFileCalls(unsupported: unsupported))
            #expect(read(scratch("d")) == text)
            #expect(try names(scratch) == ["d"])
        }
    }

    /// Whichever call fails, a reader finds the old directory or the new one.
    @Test(arguments: fileSystems) func aFailedCallLeavesTheOldOrTheNew(unsupported: Set<String>) throws {
        for number in 0..<16 {
            let scratch = try Scratch()
            let path = scratch("d")
            try write("old", to: path, FailingFileCalls())
            let calls = FailingFileCalls(.fails(number, code: EIO), unsupported: unsupported)
            var hasFailed = false
            do { try write("new", to: path, calls) } catch is FileError { hasFailed = true }
            let isInPlace = calls.made.contains("exchange") || calls.made.count { $0 == "rename" } >= 2
            #expect(read(path) == "new" || hasFailed && read(path) == "old", "call \(number)")
            #expect(hasFailed || isInPlace, "call \(number)")
            // The next one tidies up.
            try write("next", to: path, FailingFileCalls(unsupported: unsupported))
            #expect(read(path) == "next", "call \(number)")
            #expect(try names(scratch) == ["d"], "call \(number)")
        }
    }

    /// Wherever the process ends, a reader finds the old directory or the new one, and the next write is as any other.
    @Test(arguments: fileSystems) func anEndAtAnyCallLeavesTheOldOrTheNew(unsupported: Set<String>) throws {
        var isAside = false
        for number in 0..<16 {
            let scratch = try Scratch()
            let path = scratch("d")
            try write("old", to: path, FailingFileCalls())
            try? write("new", to: path, FailingFileCalls(.ends(before: number), unsupported: unsupported))
            #expect(["old", "new"].contains(read(path)), "call \(number)")
            if AtomicDirectory.current(path) != path {
                isAside = true
                #expect(read(path) == "old")
                #expect(AtomicDirectory.name(ofAside: (AtomicDirectory.current(path) as NSString).lastPathComponent) == "d")
            }
            // It may end again, at the same place, with what is there now.
            try? write("again", to: path, FailingFileCalls(.ends(before: number), unsupported: unsupported))
            #expect(["old", "new", "again"].contains(read(path)), "call \(number)")
            try write("next", to: path, FailingFileCalls(unsupported: unsupported))
            #expect(read(path) == "next", "call \(number)")
            #expect(try names(scratch) == ["d"], "call \(number)")
        }
        #expect(isAside == unsupported.contains("exchange"), "there is such a place where names cannot be exchanged, and only there")
    }

    @Test func contentThatCannotBeWrittenLeavesTheOldOne() throws {
        struct Failure: Error {}
        let scratch = try Scratch()
        try write("old", to: scratch("d"), FailingFileCalls())
        #expect(throws: Failure.self) { try AtomicDirectory.write(to: scratch("d")) { _ in throw Failure() } }
        #expect(read(scratch("d")) == "old")
        #expect(try names(scratch) == ["d"])
    }

    @Test(arguments: [(".step-00000004.old", "step-00000004"), ("step-4", nil), (".old", nil), (".a.partial", nil)] as [(String, String?)])
    func namesOfDirectoriesThatWereSetAside(name: String, original: String?) {
        #expect(AtomicDirectory.name(ofAside: name) == original)
    }
}
