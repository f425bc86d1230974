import COneDNN

/// A oneDNN call that failed.
public struct KernelError: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Turns oneDNN's status into an error.
func check(_ status: dnnl_status_t, _ action: @autoclosure () -> String) throws {
    guard status == dnnl_success else {
        throw KernelError("oneDNN cannot \(action()): \(String(cString: dnnl_status2str(status)))")
    }
}
