import Datasets
import Platform
import Testing

@Suite struct LabelTableTests {
    private func table(_ text: String, _ name: String = "table.csv") throws -> LabelTable {
        try LabelTable(Array(text.utf8), name: FileName(name))
    }

    @Test(arguments: [
        ("file_name,label\n1.png,cat\n2.png,dog\n", "metadata.csv"),
        ("\u{FEFF}label,file_name\r\ncat,1.png\r\ndog,2.png\r\n", "metadata.csv"),
        ("id,breed\n1,cat\n2,dog\n", "labels.csv"), ("image_id;class\n1.png;cat\n2.png;dog", "t.csv"),
        ("1.png\tcat\t0\t0\t63\t63\n2.png\tdog\t0\t0\t63\t63\n", "val_annotations.txt"), ("1.png cat\n2.png dog\n", "val.txt"),
        ("{\"file_name\": \"1.png\", \"label\": \"cat\"}\n{\"label\": \"dog\", \"file_name\": \"2.png\"}\n", "metadata.jsonl"),
        ("filename, cat, dog\n1.png, 1, 0\n2.png, 0, 1\n", "_classes.csv"),
        ("Path,ClassId\n\"a/1.png\",\"cat\"\nb/2.png,dog\n", "Test.csv"),
        ("/kaggle/input/set/train/1.png,cat\n/kaggle/input/set/train/2.png,dog\n", "train.csv"),
    ])
    func everyFormNamesTheSameClasses(text: String, name: String) throws {
        let found = try table(text, name)
        #expect(found.names == ["cat", "dog"] && found.count == 2)
        #expect(found.name(of: FilePath("1.png")) == "cat" || found.name(of: FilePath("a/1.png")) == "cat")
        #expect(found.name(of: FilePath("train/b/2.png")) == "dog")
        #expect(found.name(of: FilePath("3.png")) == nil)
    }

    @Test func quotedCellsMayHaveSeparatorsAndLines() throws {
        let found = try table("file_name,label\n\"a, \"\"b\"\".png\",\"big\ncat\"\n")
        #expect(found.name(of: FilePath("a, \"b\".png")) == "big\ncat")
    }

    @Test func aPathCountsMoreThanAName() throws {
        let found = try table("file_name,label\na/1.png,cat\nb/1.png,dog\n")
        #expect(found.name(of: FilePath("train/b/1.png")) == "dog" && found.name(of: FilePath("c/1.png")) == nil)
    }

    @Test func twoNormalFormsOfANameAreOneKey() throws {
        let found = try table("file_name,label\ncaf\u{E9}.png,cat\n")
        #expect(found.name(of: FilePath("cafe\u{301}.png")) == "cat")
    }

    @Test(arguments: ["", "file_name\n1.png\n", "file_name,width\n1.png,3\n", "label,width\ncat,3\n", "file_name,label\n", "\"unfinished"])
    func aTableWithoutClassesIsRejected(text: String) {
        #expect(throws: ImageError.self) { try table(text) }
    }

    @Test func classesAreInTheOrderOfPythonOrOfTheirNumbers() {
        #expect(ClassList(["b", "B", "a", "10", "2"].map { FileName($0) }).names == ["10", "2", "B", "a", "b"])
        #expect(ClassList(table: ["10", "9", "100"]).names == ["9", "10", "100"])
        #expect(ClassList(table: ["10", "9", "x"]).names == ["10", "9", "x"])
        let both = ClassList([FileName("caf\u{E9}"), FileName("cafe\u{301}"), FileName("a")])
        #expect(both.names.count == 2 && both.merged.count == 1 && both.label("caf\u{E9}") == both.label("cafe\u{301}"))
        #expect(Array(both.names[1].utf8) == Array("cafe\u{301}".utf8))
    }

    @Test func aShareIsHeldOutOfEachClassWhateverTheOrder() {
        let paths = (0..<40).map { FilePath("a/\($0).png") }
        let share = HeldOutShare(share: 0.1, seed: 0)
        let held = Set(share.heldOut(paths).map { paths[$0] })
        #expect(held.count == 4)
        let backwards = Array(paths.reversed())
        #expect(Set(share.heldOut(backwards).map { backwards[$0] }) == held)
        #expect(Set(HeldOutShare(share: 0.1, seed: 1).heldOut(paths).map { paths[$0] }) != held)
        #expect([0, 1, 2, 3, 15, 100].map(share.count) == [0, 0, 1, 1, 2, 10])
        #expect(HeldOutShare(share: 0.9, seed: 0).count(of: 3) == 2)
    }
}
