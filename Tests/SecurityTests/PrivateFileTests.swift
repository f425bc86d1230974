import Glibc
import Security
import TestSupport
import Testing

@Suite struct PrivateFileTests {
    @Test func aGroupReadableKeyIsAcceptedOnlyOnRequest() throws {
        let scratch = try Scratch()
        let path = scratch("key")
        try PrivateFile.write([1, 2, 3], to: path, replaces: false)
        func reads(_ mode: mode_t, _ readers: PrivateFile.Readers) -> Bool {
            chmod(path, mode)
            return (try? PrivateFile.read(path, followsLinks: false, readers: readers)) == [1, 2, 3]
        }
        for mode: mode_t in [0o600, 0o400] {
            #expect(reads(mode, .owner))
            #expect(reads(mode, .group))
        }
        for mode: mode_t in [0o440, 0o640] {
            #expect(!reads(mode, .owner))
            #expect(reads(mode, .group))
        }
        for mode: mode_t in [0o444, 0o460, 0o660, 0o644, 0o450, 0o441] { #expect(!reads(mode, .group), "0\(String(mode, radix: 8))") }
        guard geteuid() == 0 else { return print("skipped: only root can change a file's owner") }
        // A group without this process, then an owner who could change the file.
        chown(path, 0, 54321)
        #expect(!reads(0o440, .group))
        chown(path, 54321, getegid())
        #expect(!reads(0o440, .group))
    }
}
