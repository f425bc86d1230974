import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct DurableFileTests {
    private func write(_ text: String, to path: String, _ calls: FailingFileCalls) throws {
        try DurableFile.write([UInt8](text.utf8), to: path, calls: calls)
    }

    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func theContentIsOnDiskBeforeTheNameAndTheNameAtTheEnd() throws {
        let scratch = try Scratch()
        let calls = FailingFileCalls()
        try write("abc", to: scratch("a"), calls)
        #expect(calls.made == ["remove", "create", "write", "write", "sync file", "rename", "open", "sync directory"])
        #expect(try read(scratch("a")) == "abc")
    }

    /// Whichever call fails, the old content or the new one is there, whole, and nothing is left beside it.
    @Test(arguments: [ENOSPC, EIO, EROFS]) func aFailedCallLeavesTheOldOrTheNew(code: Int32) throws {
        for number in 0..<8 {
            let scratch = try Scratch()
            let path = scratch("a")
            try write("old", to: path, FailingFileCalls())
            let calls = FailingFileCalls(.fails(number, code: code))
            // What cannot be removed beforehand is seen when the file is created.
            let isHarmless = number == 0
            do {
                try write("new!", to: path, calls)
                #expect(isHarmless, "call \(number)")
            } catch let error as FileError { #expect(error.code == code && !isHarmless, "call \(number)") }
            // The name is the new one's once it has been renamed, whether or not that is on disk.
            #expect(try read(path) == (calls.made.contains("rename") ? "new!" : "old"), "call \(number)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 1, "call \(number)")
        }
    }

    @Test func anEndAtAnyCallLeavesTheOldOrTheNew() throws {
        for number in 0..<8 {
            let scratch = try Scratch()
            let path = scratch("a")
            try write("old", to: path, FailingFileCalls())
            let calls = FailingFileCalls(.ends(before: number))
            try? write("new!", to: path, calls)
            #expect(calls.hasEnded)
            #expect(["old", "new!"].contains(try read(path)), "call \(number)")
            // The next process writes as if nothing had been.
            try write("next", to: path, FailingFileCalls())
            #expect(try read(path) == "next")
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 1, "call \(number)")
        }
    }

    @Test func aFileSystemThatCannotFlushDirectoriesIsTolerated() throws {
        let scratch = try Scratch()
        try write("abc", to: scratch("a"), FailingFileCalls(unsupported: ["sync directory"]))
        #expect(try read(scratch("a")) == "abc")
        // A file that cannot be flushed is an error: nobody knows whether it is on the disk.
        #expect(throws: FileError.self) { try write("new", to: scratch("a"), FailingFileCalls(unsupported: ["sync file"])) }
        #expect(try read(scratch("a")) == "abc")
    }

    /// Sizes around those in which a file is copied.
    @Test(arguments: [0, 1, 1 << 20, 3 << 20 | 5]) func aRenewedFileIsAnotherOneWithTheSameContent(size: Int) throws {
        let scratch = try Scratch()
        var generator = SeededGenerator(seed: 1)
        let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try scratch.write(bytes, to: "a")
        let descriptor = open(scratch("a"), O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(descriptor) }
        try DurableFile.renew(scratch("a"))
        #expect(Glibc.write(descriptor, "late", 4) == 4)
        #expect(try scratch.read("a") == bytes)
        #expect(try scratch.names() == ["a"])
    }

    @Test func aFileThatIsMissingStaysSo() throws {
        let scratch = try Scratch()
        try DurableFile.renew(scratch("a"))
        #expect(try scratch.names() == [])
    }
}
