import Glibc

/// A path as the bytes that `open` receives; see `FileName`.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The path for a person; see `FileName.shown`.
    public var shown: String { ShownBytes.text(bytes) }

    public var description: String { shown }

    /// The names between slashes.
    public var names: [FileName] { bytes.split(separator: 0x2F).map { FileName(bytes: $0) } }

    /// The path without its last name; the current directory for a single name.
    public var parent: FilePath {
        var rest = bytes[...]
        while rest.count > 1, rest.last == 0x2F { rest.removeLast() }
        guard let slash = rest.lastIndex(of: 0x2F) else { return FilePath(".") }
        return FilePath(bytes: slash == 0 ? rest[...slash] : rest[..<slash])
    }

    /// The last name; empty for the root.
    public var last: FileName { names.last ?? FileName("") }

    /// Returns the path of a name in this directory. An empty path is that of the current directory, or of a tree's root.
    public func appending(_ name: FileName) -> FilePath { appending(FilePath(bytes: name.bytes)) }

    /// Returns the path of a relative path in this directory.
    public func appending(_ path: FilePath) -> FilePath {
        if bytes.isEmpty { return path }
        if path.bytes.isEmpty { return self }
        return FilePath(bytes: bytes + (bytes.last == 0x2F ? [] : [0x2F]) + path.bytes)
    }

    public func appending(_ name: String) -> FilePath { appending(FilePath(name)) }

    /// The absolute path, without `.` and `..`. Links are not resolved.
    public var standardized: FilePath {
        var names = bytes.first == 0x2F ? [] : Self.current.names
        for name in self.names where name.bytes != [0x2E] {
            if name.bytes == [0x2E, 0x2E] { _ = names.popLast() } else { names.append(name) }
        }
        return FilePath(bytes: [0x2F] + names.map(\.bytes).joined(separator: [0x2F]))
    }

    private static var current: FilePath {
        guard let path = getcwd(nil, 0) else { return FilePath("/") }
        defer { free(path) }
        return FilePath(bytes: UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }

    /// Whether this path is the other one or below it. Both must be resolved.
    public func isWithin(_ other: FilePath) -> Bool {
        let parent = other.names
        return Array(names.prefix(parent.count)) == parent
    }

    /// Calls `body` with the path as system calls take it: bytes that end with 0.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        let end = bytes.firstIndex(of: 0) ?? bytes.count
        return try (bytes[..<end].map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { try body($0.baseAddress!) }
    }
}
