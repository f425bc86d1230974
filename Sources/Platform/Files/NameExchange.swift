import CLinux

/// An exchange of two names of one file system, in one call.
enum NameExchange {
    /// - Returns: 0, or an error number.
    static func exchange(_ path: String, _ other: String) -> Int32 { colonnade_exchange(path, other) }
}
