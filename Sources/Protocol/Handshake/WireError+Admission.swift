public import Security

extension WireError {
    /// Runs a step by which this process joins a run, and rethrows `refused` as `notAdmitted`: such a rejection is of the
    /// process itself, not of one request.
    public static func admission<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as WireError where error.code == .refused {
            throw WireError(.notAdmitted, error.description)
        }
    }
}
