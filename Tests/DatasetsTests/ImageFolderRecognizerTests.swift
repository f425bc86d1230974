import Datasets
import Platform
import Testing

/// Layouts as values: names go in, the folders of each split come out.
@Suite struct ImageFolderRecognizerTests {
    private func layout(_ paths: [String], links: [String: FolderEntry.Kind] = [:]) throws -> ImageFolderLayout {
        try ImageFolderRecognizer(FolderTreeInMemory(paths, links: links)).layout()
    }

    private func refusal(_ paths: [String], links: [String: FolderEntry.Kind] = [:]) -> String {
        let error = #expect(throws: DatasetError.self) { try layout(paths, links: links) }
        return error?.description ?? ""
    }

    private func classes(_ part: ImageFolderLayout.Part?) -> [String] { part?.classes.map(\.path.shown) ?? [] }

    @Test(arguments: [
        ("train", "val"), ("TRAIN", "Valid"), ("Training", "Testing"), ("training", "validation"), ("train", "test"), ("train", "dev"),
        ("seg_train", "seg_test"), ("train2017", "val2017"), ("Training Set", "Test-Set"), ("imagenet_train", "imagenet_val"),
    ])
    func splitsAreFoundInEverySpelling(training: String, validation: String) throws {
        let found = try layout(["\(training)/cat/1.jpg", "\(training)/dog/1.jpg", "\(validation)/cat/1.jpg", "README.md"])
        #expect(classes(found.training) == ["\(training)/cat", "\(training)/dog"])
        #expect(classes(found.validation) == ["\(validation)/cat"])
        #expect(found.leftOut.map(\.path.shown) == ["README.md"])
    }

    @Test func aThirdSplitIsLeftOutAndSaid() throws {
        let found = try layout(["train/a/1.png", "valid/a/1.png", "test/a/1.png", "test/b/2.png"])
        #expect(classes(found.validation) == ["valid/a"])
        #expect(found.leftOut.map(\.path.shown) == ["test"] && found.leftOut.map(\.kind) == [.surplus])
        // A test split without classes cannot be validated on.
        let kaggle = try layout(["train/a/1.png", "test/1.png", "sample_submission.csv"])
        #expect(kaggle.validation == nil && kaggle.leftOut.contains { $0.path == FilePath("test") })
    }

    @Test(arguments: [
        ["101_ObjectCategories/ant/1.jpg", "101_ObjectCategories/bee/1.jpg", "Annotations/ant/1.mat", "Annotations/bee/1.mat"],
        ["archive/inner/ant/1.jpg", "archive/inner/bee/1.jpg"], ["ant/1.jpg", "bee/1.jpg", "list.txt"],
        ["ant/images/1.jpg", "bee/images/1.jpg"],
        ["CUB/images/ant/1.jpg", "CUB/images/bee/1.jpg", "CUB/parts/parts.txt", "CUB/classes.txt"],
    ])
    func aFolderForEachClassIsFoundWithoutASplit(paths: [String]) throws {
        let found = try layout(paths)
        #expect(found.training.classes.map(\.name) == [FileName("ant"), FileName("bee")])
        #expect(found.validation == nil)
    }

    @Test func aClassMayHaveTheNameOfASplit() throws {
        let found = try layout(["bus/1.jpg", "car/1.jpg", "train/1.jpg"])
        #expect(classes(found.training) == ["bus", "car", "train"])
    }

    @Test func tinyImageNetIsFound() throws {
        let found = try layout([
            "tiny/train/n01/images/n01_0.JPEG", "tiny/train/n01/n01_boxes.txt", "tiny/train/n02/images/n02_0.JPEG",
            "tiny/val/images/val_0.JPEG", "tiny/val/val_annotations.txt", "tiny/test/images/test_0.JPEG", "tiny/wnids.txt",
            "tiny/words.txt",
        ])
        #expect(classes(found.training) == ["tiny/train/n01", "tiny/train/n02"])
        #expect(
            found.validation?.mixed
                == [.init(path: FilePath("tiny/val/images"), table: FilePath("tiny/val/val_annotations.txt"), isDeep: true)])
        #expect(found.leftOut.map(\.path.shown) == ["tiny/test"])
    }

    @Test(arguments: [
        (["train/1.png", "train/metadata.csv"], "train", "train/metadata.csv"),
        (["train/1.png", "train/metadata.jsonl"], "train", "train/metadata.jsonl"),
        (["train/1.png", "train/_classes.csv"], "train", "train/_classes.csv"),
        (["train/1.png", "train.csv", "test/2.png"], "train", "train.csv"),
        (["train/1.png", "labels.csv"], "train", "labels.csv"), (["train_images/1.png", "train.csv"], "train_images", "train.csv"),
        (["1.png", "metadata.csv"], "", "metadata.csv"), (["images/1.png", "list.csv"], "images", "list.csv"),
    ])
    func tablesAreFound(paths: [String], folder: String, table: String) throws {
        let found = try layout(paths)
        #expect(found.training.mixed.map(\.path) == [FilePath(folder)])
        #expect(found.training.mixed.map(\.table) == [FilePath(table)])
    }

    @Test func foldersOfClassesMayContainTheSplits() throws {
        let found = try layout(["bottle/train/1.png", "bottle/test/1.png", "cable/train/1.png", "cable/test/1.png"])
        #expect(classes(found.training) == ["bottle/train", "cable/train"] && classes(found.validation) == ["bottle/test", "cable/test"])
        #expect(found.training.classes.map(\.name) == [FileName("bottle"), FileName("cable")])
    }

    @Test func archivesAreSortedBySplit() throws {
        let found = try layout(["set-train-0001.tar", "set-train-0000.tar", "set-val-0000.tar", "set-extra.tar"])
        #expect(found.training.shards.map(\.shown) == ["set-train-0000.tar", "set-train-0001.tar"])
        #expect(found.validation?.shards.map(\.shown) == ["set-val-0000.tar"])
        #expect(found.leftOut.map(\.path.shown) == ["set-extra.tar"])
        #expect(try layout(["train/0.tar", "test/0.tar", "classnames.txt"]).validation?.shards.map(\.shown) == ["test/0.tar"])
        #expect(try layout(["000.tar", "001.tar"]).training.shards.count == 2)
    }

    @Test func systemFilesAndHiddenOnesAreLeftOutEverywhere() throws {
        let found = try layout([
            ".DS_Store", "__MACOSX/train/a/1.jpg", "train/.ipynb_checkpoints/1.png", "train/@eaDir/1.png", "train/a/1.png",
            "train/Thumbs.db", "val/a/1.png", "val/desktop.ini",
        ])
        #expect(classes(found.training) == ["train/a"])
        #expect(
            Set(found.leftOut.filter { $0.kind == .system }.map(\.path.shown)) == [
                ".DS_Store", "__MACOSX", "train/.ipynb_checkpoints", "train/@eaDir", "train/Thumbs.db", "val/desktop.ini",
            ])
        let files = try FolderTreeInMemory(["a/1.png", "a/._1.png", "a/@eaDir/t.png", "a/sub/2.png"]).files(in: FilePath("a"))
        #expect(files.filter { $0.leftOut == nil }.map(\.path.shown) == ["1.png", "sub/2.png"])
        #expect(files.count == 4)
    }

    @Test func aRefusalSaysWhatWasSeenAndWhatWouldBeRead() {
        for (paths, words) in [
            ([], ["it is empty"]), (["1.jpg", "2.jpg"], ["1.jpg, 2.jpg", "metadata.csv"]),
            (["val/a/1.png", "test/a/1.png"], ["folders test, val", "there are no training images"]),
            (["data.parquet"], ["data.parquet", "convert-parquet.py"]), (["images.zip"], ["images.zip", "unpack"]),
            (["a/x/1.png", "a/y/1.png", "b/x/1.png", "b/y/1.png"], ["folders a, b", "name that one"]),
            (["train/a/1.png", "Train/a/1.png"], ["Train and train"]),
            (["train/images/1.png", "train/labels/1.txt"], ["finding objects"]),
            (["train/a/1.png", "val/1.png"], ["nothing tells the classes of the images in val", "metadata.csv"]),
        ] as [([String], [String])] {
            let text = refusal(paths)
            for word in words { #expect(text.contains(word), "\(paths): \(text)") }
        }
        #expect(refusal(["1.jpg"]).contains("train/CLASS/*"))
    }

    @Test func aLinkedFolderThatIsNotFollowedIsNamed() {
        let text = refusal(["train/a/1.png", "val/a/1.png"], links: ["train/b": .folderLink("out of the source, to /data/b")])
        #expect(text.contains("train/b (out of the source, to /data/b)") && text.contains("--follow-links"))
    }
}
