package import Platform

/// The bytes of arguments. Swift repairs those that are not UTF-8, so that a file of that name could not be opened.
package enum ArgumentBytes {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Returns the paths of this process's arguments, in the order in which they were given.
    static func paths(_ arguments: [String]) -> [FilePath] {
        let raw = (0..<Int(CommandLine.argc)).compactMap { index -> [UInt8]? in
            guard let argument = CommandLine.unsafeArgv[index] else { return nil }
            var (bytes, place) = ([UInt8](), argument)
            while place.pointee != 0 {
                bytes.append(UInt8(bitPattern: place.pointee))
                place += 1
            }
            return bytes
        }
        return paths(arguments, raw: raw)
    }

    /// Returns the bytes of arguments among raw ones. Several that are repaired to the same text are told apart by their order.
    package static func paths(_ arguments: [String], raw: [[UInt8]]) -> [FilePath] {
        var used: Set<Int> = []
        return arguments.map { argument in
            let text = Array(argument.utf8)
            guard text.indices.contains(where: { text[$0...].starts(with: replacement) }) else { return FilePath(bytes: text) }
            let place = raw.indices.first { !used.contains($0) && Array(String(decoding: raw[$0], as: UTF8.self).utf8) == text }
            guard let place else { return FilePath(bytes: text) }
            used.insert(place)
            return FilePath(bytes: raw[place])
        }
    }
}
