/// A parser that takes what strangers send: an entry for the fuzzer, and for the tests that replay its inputs.
public struct FuzzTarget: Sendable {
    /// As the command line and the folders of Corpus name it.
    public let name: String
    /// The longest input worth trying.
    public let longest: Int
    let body: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(_ name: String, longest: Int = 4096, _ body: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void) {
        (self.name, self.longest, self.body) = (name, longest, body)
    }

    /// Parses an input. What is wrong with it has to come as an error, in words.
    /// - Returns: whether it was taken.
    @discardableResult
    public func callAsFunction(_ input: UnsafeRawBufferPointer) -> Bool {
        do {
            try body(input)
            return true
        } catch {
            // A message that cannot be put into words is a finding as well.
            precondition(!"\(error)".isEmpty)
            return false
        }
    }

    public static let all: [FuzzTarget] = [
        .frames, .messages, .steps,
        .configuration, .yaml, .settings, .checkpoint, .records,
        .dataset, .safetensors, .idx, .gzip, .cifar, .tar, .mat, .truth,
        .pictures, .stored,
    ]

    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}
