import Foundation

/// A directory that appears under its name only when it is complete and flushed to disk. Where there is one of that name, a reader finds the old
/// one or the new one, whole, at every moment, and after a crash at any.
///
/// Names of two directories are exchanged in one call. Where the file system cannot, the old one is set aside under another name first, and a
/// reader looks there too (`current`).
public enum AtomicDirectory {
    /// Writes a temporary directory beside `path`, and puts it in place. On failure the old one stays, and nothing else is left behind.
    /// - Parameter body: Writes the files of the directory whose path it is given, each flushed to disk.
    /// - Throws: `FileError`, and whatever `body` throws.
    public static func write(to path: String, _ body: (String) throws -> Void) throws {
        try write(to: path, calls: SystemFileCalls(), body)
    }

    package static func write(to path: String, calls: any FileCalls, _ body: (String) throws -> Void) throws {
        let temporary = hidden(path, "partial")
        // Left by a process that ended meanwhile.
        try FileError.at(temporary, "remove it") { () throws(FileCallError) in try calls.remove(temporary) }
        try FileError.at(path, "create it") { () throws(FileCallError) in try calls.makeDirectory(temporary) }
        do { try body(temporary) } catch {
            try? calls.remove(temporary)
            throw error
        }
        try put(temporary, at: path, calls: calls)
    }

    /// Puts a complete directory in place, where another may be; that one is removed. On failure `temporary` is removed, and the old one stays.
    /// - Throws: `FileError`.
    public static func put(_ temporary: String, at path: String) throws { try put(temporary, at: path, calls: SystemFileCalls()) }

    package static func put(_ temporary: String, at path: String, calls: any FileCalls) throws {
        let (parent, aside) = ((path as NSString).deletingLastPathComponent, hidden(path, "old"))
        do {
            try DurableFile.syncDirectory(temporary, calls: calls)
            if calls.exists(path) {
                // What was set aside is older than what has its place.
                try FileError.at(aside, "remove it") { () throws(FileCallError) in try calls.remove(aside) }
                try FileError.at(path, "put it in place") { () throws(FileCallError) in
                    try replace(path, by: temporary, aside: aside, calls: calls)
                }
            } else {
                try FileError.at(path, "put it in place") { () throws(FileCallError) in try calls.rename(temporary, to: path) }
            }
        } catch {
            try? calls.remove(temporary)
            throw error
        }
        // The old one, under one of these names, is removed only when the new one is sure to stay.
        try DurableFile.syncDirectory(parent, calls: calls)
        try? calls.remove(temporary)
        try? calls.remove(aside)
    }

    private static func replace(_ path: String, by temporary: String, aside: String, calls: any FileCalls) throws(FileCallError) {
        do throws(FileCallError) { return try calls.exchange(path, temporary) } catch { guard error.isUnsupported else { throw error } }
        try calls.rename(path, to: aside)
        do throws(FileCallError) { try calls.rename(temporary, to: path) } catch {
            try? calls.rename(aside, to: path)
            throw error
        }
    }

    /// Returns where the directory of a name is: there, or aside, where a crash came between two renames.
    public static func current(_ path: String) -> String {
        let (calls, aside) = (SystemFileCalls(), hidden(path, "old"))
        return !calls.exists(path) && calls.exists(aside) ? aside : path
    }

    /// Returns the name of the directory that was set aside under this one; nil where the name is of another kind.
    public static func name(ofAside name: String) -> String? {
        name.hasPrefix(".") && name.hasSuffix(".old") && name.utf8.count > 5 ? String(name.dropFirst().dropLast(4)) : nil
    }

    private static func hidden(_ path: String, _ suffix: String) -> String {
        let (parent, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        return (parent.isEmpty ? "" : parent == "/" ? "/" : parent + "/") + ".\(name).\(suffix)"
    }
}
