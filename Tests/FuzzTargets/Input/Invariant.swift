/// Ends the process where the product broke a promise, so that the fuzzer keeps the input.
func holds(_ condition: @autoclosure () throws -> Bool, _ promise: String = "") rethrows {
    guard try condition() else { preconditionFailure("a promise is broken: \(promise)") }
}
