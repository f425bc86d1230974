import COpenSSL

/// What OpenSSL has to say about its last failure on this thread.
enum OpenSSLError {
    /// The oldest entry of the thread's queue, which is emptied.
    /// - Returns: the code, 0 where there is none, and its words.
    static func take() -> (code: UInt, words: String) {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return (0, "no reason is known") }
        guard let words = ERR_reason_error_string(code) else { return (code, "error \(code)") }
        return (code, String(cString: words))
    }

    /// - Throws: `WireError` unless the status is 1.
    static func check(_ status: Int32, _ action: String) throws {
        guard status == 1 else { throw WireError(.system, "cannot \(action): \(take().words)") }
    }

    /// - Throws: `WireError` where there is nothing.
    static func check<Value>(_ value: Value?, _ action: String) throws -> Value {
        guard let value else { throw WireError(.system, "cannot \(action): \(take().words)") }
        return value
    }
}
