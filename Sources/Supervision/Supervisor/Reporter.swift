/// A receiver of what a supervisor has to say to the user.
package protocol Reporter: Sendable {
    /// Reports the progress of the run.
    func line(_ text: String)
    /// Reports what went wrong.
    func error(_ message: String)
}
