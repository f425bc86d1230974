import Glibc
import Platform

/// The system's calls, of which one fails, or after which the process is gone.
final class FailingFileCalls: FileCalls, @unchecked Sendable {
    enum Fault {
        case none
        /// The call of this number, from 0, fails with an error.
        case fails(Int, code: Int32)
        /// Calls from this number on do nothing, as if the process had ended before.
        case ends(before: Int)
    }

    private let system = SystemFileCalls()
    private let fault: Fault
    /// Calls that the file system does not have.
    private let unsupported: Set<String>
    /// The calls that were made, in words.
    private(set) var made: [String] = []
    private var names: [Int32: String] = [:]
    private var count = 0

    init(_ fault: Fault = .none, unsupported: Set<String> = []) { (self.fault, self.unsupported) = (fault, unsupported) }

    var hasEnded: Bool { if case .ends(let number) = fault { count > number } else { false } }

    private func begin(_ call: String, _ name: String = "") throws(FileCallError) {
        defer { count += 1 }
        switch fault {
        case .fails(let number, let code) where number == count: throw FileCallError(code)
        case .ends(let number) where count >= number: throw FileCallError(EIO)
        default: break
        }
        if unsupported.contains(call) { throw FileCallError(call == "exchange" ? EINVAL : ENOTSUP) }
        made.append(name.isEmpty ? call : "\(call) \(name)")
    }

    func create(_ path: String, mode: mode_t) throws(FileCallError) -> Int32 {
        try begin("create")
        let descriptor = try system.create(path, mode: mode)
        names[descriptor] = "file"
        return descriptor
    }

    func openDirectory(_ path: String) throws(FileCallError) -> Int32 {
        try begin("open")
        let descriptor = try system.openDirectory(path)
        names[descriptor] = "directory"
        return descriptor
    }

    /// At most two bytes at a time.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(FileCallError) -> Int {
        try begin("write")
        return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(2)))
    }

    func sync(_ descriptor: Int32) throws(FileCallError) {
        let name = names[descriptor] ?? ""
        try begin("sync", name)
        if unsupported.contains("sync \(name)") { throw FileCallError(EINVAL) }
        try system.sync(descriptor)
    }

    /// The system closes what an ended process had open.
    func close(_ descriptor: Int32) { system.close(descriptor) }

    func makeDirectory(_ path: String) throws(FileCallError) {
        try begin("make")
        try system.makeDirectory(path)
    }

    func rename(_ path: String, to other: String) throws(FileCallError) {
        try begin("rename")
        try system.rename(path, to: other)
    }

    func exchange(_ path: String, _ other: String) throws(FileCallError) {
        try begin("exchange")
        try system.exchange(path, other)
    }

    func remove(_ path: String) throws(FileCallError) {
        try begin("remove")
        try system.remove(path)
    }

    func exists(_ path: String) -> Bool { system.exists(path) }
}
