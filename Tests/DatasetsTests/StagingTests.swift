import Datasets
import Foundation
import Glibc
import TestSupport
import Testing

/// Destinations that exist already, which may be mounted or the only directory that a user may write to.
@Suite struct StagingTests {
    private func source(_ scratch: Scratch) throws {
        try Images.write(["a/1", "a/2", "b/1"].flatMap { ["source/train/\($0).png", "source/val/\($0).png"] }, to: scratch)
    }

    private func pack(_ scratch: Scratch, _ destination: String) throws {
        try Samples.pack(.imagefolder, scratch("source"), destination)
        #expect(try Dataset(path: destination).verify() == 6)
        #expect(access("\(destination)/.partial", F_OK) != 0 && access("\(destination).partial", F_OK) != 0)
    }

    @Test func anEmptyDirectoryKeepsItsPlace() throws {
        let scratch = try Scratch()
        try source(scratch)
        for (name, inside) in [("empty", []), ("disk", ["lost+found"]), ("again", [".partial"])] as [(String, [String])] {
            try FileManager.default.createDirectory(atPath: scratch(name), withIntermediateDirectories: true)
            for folder in inside {
                try FileManager.default.createDirectory(atPath: scratch("\(name)/\(folder)"), withIntermediateDirectories: true)
            }
            var (before, after) = (stat(), stat())
            #expect(stat(scratch(name), &before) == 0)
            try pack(scratch, scratch(name))
            #expect(stat(scratch(name), &after) == 0)
            #expect(before.st_ino == after.st_ino)
        }
    }

    @Test func filesOfAnImportThatEndedAsItMovedThemAreReplaced() throws {
        let scratch = try Scratch()
        try source(scratch)
        try scratch.write([1, 2, 3], to: "packed/train.records")
        try scratch.write([1, 2, 3], to: "packed/.partial/train.index")
        try pack(scratch, scratch("packed"))
    }

    @Test(arguments: ["mine.txt", "dataset.json", ".hidden"]) func filesOfOthersAreKept(name: String) throws {
        let scratch = try Scratch()
        try source(scratch)
        try scratch.write([7], to: "packed/\(name)")
        try scratch.write([1], to: "packed/.partial/train.index")
        let error = #expect(throws: DatasetError.self) { try pack(scratch, scratch("packed")) }
        #expect(error?.description.contains("is not empty") == true)
        #expect(try scratch.read("packed/\(name)") == [7])
    }

    @Test func aFailedImportLeavesTheDirectoryEmpty() throws {
        let scratch = try Scratch()
        try scratch.write([1], to: "source/notes")
        try FileManager.default.createDirectory(atPath: scratch("packed"), withIntermediateDirectories: true)
        #expect(throws: DatasetError.self) { try pack(scratch, scratch("packed")) }
        #expect(try scratch.names("packed").isEmpty)
    }

    @Test func theRootOfAMountIsPackedInto() throws {
        let scratch = try Scratch()
        try source(scratch)
        try FileManager.default.createDirectory(atPath: scratch("volume"), withIntermediateDirectories: true)
        guard mount("none", scratch("volume"), "tmpfs", 0, nil) == 0 else { return print("skipped: only root can mount here") }
        defer { umount(scratch("volume")) }
        try pack(scratch, scratch("volume"))
    }
}
