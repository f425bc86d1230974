import Platform
import Transport

/// Files in memory that a supervisor holds for the processes that it starts, by the processes' names: what a process leaves in its file when it
/// is killed, its successor finds there.
final class ProcessMemory: Sendable {
    /// The number of the descriptor in the started process.
    static let descriptor: Int32 = 62

    /// The roles in whose processes a store may be.
    static let holders: Set<String> = ["coordinator", "store", "worker"]

    private let files = Monitor<[String: MemoryFile]>([:])

    /// The file of a process; nil where the system has no memory files, and nothing outlives a process.
    subscript(name: String) -> MemoryFile? {
        files.update { files in
            if let known = files[name] { return known }
            guard let file = try? MemoryFile() else { return nil }
            files[name] = file
            return file
        }
    }

    /// The arguments by which a process learns of its file.
    static func arguments(_ file: MemoryFile?) -> [String] { file == nil ? [] : ["--memory-descriptor", "\(descriptor)"] }

    /// The descriptors that the process is given.
    static func passing(_ file: MemoryFile?) -> [Int32: Int32] { file.map { [descriptor: $0.descriptor] } ?? [:] }
}
