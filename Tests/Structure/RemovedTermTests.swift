import Testing

/// Words that were replaced are not used again.
@Suite struct RemovedTermTests {
    @Test(arguments: RemovedTerm.all) func noFileUsesARemovedTerm(_ term: RemovedTerm) throws {
        let extensions: Set<String> = ["swift", "js", "py", "sh", "proto", "h", "html", "css", "yaml"]
        // This folder names the terms.
        let files = try SourceFile.all(in: ["Sources", "Tests"], extensions).filter { !$0.path.hasPrefix("Tests/Structure/") }
        #expect(term.offenders.problems(term.files(files), "has the word \(term.word); use \(term.replacement)") == [])
    }

    @Test func everyExceptionContainsItsTerm() {
        for term in RemovedTerm.all {
            #expect(term.word == term.word.lowercased())
            for exception in term.exceptions { #expect(exception.text.lowercased().contains(term.word), "\(exception.text)") }
        }
    }

    @Test func aRemovedTermIsFound() {
        let term = RemovedTerm(
            word: "picture", replacement: "image",
            exceptions: [.init(text: "--pictures", reason: "an option"), .init(text: ".pictures", reason: "a name", place: "Tests/A")])
        let files = [
            SourceFile(path: "a.swift", text: "let a = \"--pictures\"\n"), SourceFile(path: "b.swift", text: "--pictures of pictures\n"),
            SourceFile(path: "Tests/A/c.swift", text: "x.pictures\n"), SourceFile(path: "Tests/B/d.swift", text: "x.pictures\n"),
            SourceFile(path: "e.swift", text: "let a = 1\nstruct MadePicture {}\n"), SourceFile(path: "PictureFile.swift", text: "\n"),
            SourceFile(path: "f.swift", text: "struct Image {}\n"),
        ]
        #expect(term.files(files) == ["b.swift", "Tests/B/d.swift", "e.swift", "PictureFile.swift"])
    }
}

extension RemovedTerm: CustomTestStringConvertible {
    var testDescription: String { word }
}
