import ArgumentParser
import Platform
import Transport

/// The memory file that a supervisor holds for a process, so that a store's parameters outlive it.
struct MemoryOption: ParsableArguments {
    @Option(help: .hidden) var memoryDescriptor: Int32?

    /// The file; nil without a supervisor.
    func file() throws -> MemoryFile? {
        do { return try memoryDescriptor.map { try MemoryFile(inherited: $0) } } catch {
            throw CommandFailure(CommandFailure.usage, "--memory-descriptor is for supervisors: \(error)")
        }
    }
}
