import Glibc
import Security
import TestSupport
import Testing

@Suite struct RunTokenTests {
    @Test func aTokenFileThatOthersCanReadIsRefused() throws {
        let scratch = try Scratch()
        let token = try RunToken.random()
        try token.write(to: scratch("token"), replaces: false)
        var status = stat()
        #expect(stat(scratch("token"), &status) == 0 && status.st_mode & 0o7777 == 0o600)
        _ = try RunToken(file: scratch("token"))
        #expect("\(token)" == "a run token")
        // Symbolic links are not followed, and existing files are not overwritten.
        #expect(symlink(scratch("token"), scratch("link")) == 0)
        #expect(throws: WireError.self) { try RunToken(file: scratch("link")) }
        #expect(throws: WireError.self) { try token.write(to: scratch("link"), replaces: false) }
        for mode: mode_t in [0o644, 0o640, 0o604, 0o660] {
            chmod(scratch("token"), mode)
            let error = #expect(throws: WireError.self) { try RunToken(file: scratch("token")) }
            #expect(error?.description.contains("chmod 600") == true)
        }
        chmod(scratch("token"), 0o600)
        if geteuid() == 0 {
            chown(scratch("token"), 12345, 0)
            let error = #expect(throws: WireError.self) { try RunToken(file: scratch("token")) }
            #expect(error?.description.contains("belongs to user 12345") == true)
        }
        try PrivateFile.write(Array("abc".utf8), to: scratch("short"), replaces: false)
        #expect(throws: WireError.self) { try RunToken(file: scratch("short")) }
    }

    @Test func aTokenIsReadFromADescriptor() throws {
        let scratch = try Scratch()
        let token = try RunToken.random()
        try token.write(to: scratch("token"), replaces: false)
        let descriptor = open(scratch("token"), O_RDONLY)
        let read = try RunToken(descriptor: descriptor)
        #expect(read.proof("a", [], []) == token.proof("a", [], []))
        // The descriptor is closed, but another test may have opened another file with its number.
        var (file, open) = (stat(), stat())
        #expect(stat(scratch("token"), &file) == 0)
        #expect(fstat(descriptor, &open) == -1 || open.st_ino != file.st_ino)
    }
}
