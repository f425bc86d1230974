import COpenSSL

/// Reads this thread's OpenSSL error queue, and turns statuses into thrown errors.
enum OpenSSLError {
    /// Removes the oldest error of this thread's queue, and clears the rest.
    /// - Returns: the code and OpenSSL's reason text; code 0 if the queue was empty.
    static func take() -> (code: UInt, reason: String) {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return (0, "the reason is unknown") }
        guard let reason = ERR_reason_error_string(code) else { return (code, "error \(code)") }
        return (code, String(cString: reason))
    }

    /// - Throws: `WireError` unless the status is 1.
    static func check(_ status: Int32, _ action: String) throws {
        guard status == 1 else { throw WireError(.system, "cannot \(action): \(take().reason)") }
    }

    /// - Throws: `WireError` if the value is nil.
    static func check<Value>(_ value: Value?, _ action: String) throws -> Value {
        guard let value else { throw WireError(.system, "cannot \(action): \(take().reason)") }
        return value
    }
}
