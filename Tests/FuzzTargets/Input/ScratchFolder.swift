import Foundation
import Glibc
import Synchronization

/// A folder of the process's own for parsers that read files. Its files are written again for every input.
final class ScratchFolder: Sendable {
    let path: String

    /// A parser's own folder, so that none finds another's files.
    init(_ name: String) {
        path = FileManager.default.temporaryDirectory.path + "/colonnade-fuzz-\(getpid())-\(name)"
        mkdir(path, 0o700)
        Self.made.withLock { made in
            if made.isEmpty { atexit { ScratchFolder.removeAll() } }
            made.append(path)
        }
    }

    private static let made = Mutex<[String]>([])

    /// At the process's end: parsers keep their folder from one input to the next.
    private static func removeAll() {
        for path in made.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ bytes: UnsafeRawBufferPointer, to name: String) -> String {
        let path = self(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        precondition(descriptor >= 0, "no scratch file at \(path)")
        defer { close(descriptor) }
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            precondition(count > 0, "no room at \(path)")
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return path
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) -> String { bytes.withUnsafeBytes { write($0, to: name) } }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: self(name)) }
}
