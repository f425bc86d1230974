import HTTPTypes
import Hummingbird
import NIOCore

/// Routes for the files of the page, which are embedded in the program.
struct PageRoutes: Sendable {
    private static let types = ["html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"]

    func add(to router: some RouterMethods<BasicRequestContext>) {
        for (name, bytes) in PageFiles.all {
            let type = Self.types[name.split(separator: ".").last.map(String.init) ?? ""] ?? "application/octet-stream"
            let answer: @Sendable (Request, BasicRequestContext) async throws -> Response = { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "\(type); charset=utf-8", .cacheControl: "no-cache"],
                    body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            }
            router.get("\(name)", use: answer)
            if name == "index.html" { router.get("/", use: answer) }
        }
    }
}
