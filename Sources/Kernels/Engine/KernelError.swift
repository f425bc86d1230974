import COneDNN

/// A failed oneDNN call, or a request that oneDNN cannot fulfil.
public struct KernelError: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Throws an error unless oneDNN reports success.
func check(_ status: dnnl_status_t, _ action: @autoclosure () -> String) throws {
    guard status == dnnl_success else {
        throw KernelError("oneDNN cannot \(action()): \(String(cString: dnnl_status2str(status)))")
    }
}
