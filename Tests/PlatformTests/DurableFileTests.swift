import Glibc
import Platform
import TestSupport
import Testing

@Suite struct DurableFileTests {
    /// Sizes around those in which a file is copied.
    @Test(arguments: [0, 1, 1 << 20, 3 << 20 | 5]) func aRenewedFileIsAnotherOneWithTheSameContent(size: Int) throws {
        let scratch = try Scratch()
        var generator = SeededGenerator(seed: 1)
        let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try scratch.write(bytes, to: "a")
        let descriptor = open(scratch("a"), O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(descriptor) }
        try DurableFile.renew(scratch("a"))
        #expect(write(descriptor, "late", 4) == 4)
        #expect(try scratch.read("a") == bytes)
        #expect(try scratch.names() == ["a"])
    }

    @Test func aFileThatIsMissingStaysSo() throws {
        let scratch = try Scratch()
        try DurableFile.renew(scratch("a"))
        #expect(try scratch.names() == [])
    }
}
