/// A receiver of what a supervisor has to say to the user.
package protocol Reporter: Sendable {
    /// Says how the run goes on.
    func line(_ text: String)
    /// Says what went wrong.
    func error(_ message: String)
}
