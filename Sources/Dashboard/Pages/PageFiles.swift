/// The files of Page, by their names.
enum PageFiles {
    static let all: [(name: String, bytes: [UInt8])] = [
        ("index.html", PackageResources.index_html), ("style.css", PackageResources.style_css),
    ]
}
